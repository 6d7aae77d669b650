/**
 * A lot's archive, as far as a page judges it: the opening as its own bundle, the draw of experts repeated, every
 * signed paper, and the seal. Scores, ranking and award the command line computes again; of these nothing is said.
 */
import { fromBase64, sha256Hex } from '@/sealing/bytes'
import type { JsonObject } from '@/sealing/canonical'
import { insist } from '@/sealing/faults'
import type { PlatformTrust } from '@/sealing/notice'
import { actsOf, checkBundle, checkSeal } from './bundle'
import type { Bundle } from './bundleShape'
import { type DrawStatement, type DrawStratum, type Replacement, replayDraw } from './draw'
import { type Finding, Findings, outcome, Undecided } from './findings'
import type { PdfAnchors } from './pdf'

export interface Archive {
  readonly kind: 'lot-archive'
  readonly opening: Bundle
  /** `content`: base64. */
  readonly files: readonly { readonly title: string; readonly name: string; readonly sha256: string; readonly size: number; readonly content: string }[]
  readonly seal: Bundle['seal']
}

type Payloads = (action: string) => readonly JsonObject[]

/** Every point, into `findings`; anchors as of a bundle and of a PDF. */
export async function checkArchive(archive: Archive, { key, trust, papers }: { readonly key: string; readonly trust: PlatformTrust; readonly papers: PdfAnchors }, findings: Findings): Promise<void> {
  const opening = await checkBundle(archive.opening, key, trust)
  for (const each of opening) findings.add(each)
  // What the ledger does not prove is not read.
  const parts = opening.some((each) => each.point === 'ledger' && each.verdict === 'holds') ? actsOf(archive.opening.ledger) : []
  const payloads: Payloads = (action) => parts.flatMap((part) => part.get(action) ?? [])
  await findings.check('archive-draw', '', () => checkDraw(payloads), String)
  await findings.check('archive-papers', '', () => checkPapers(archive.files, payloads), String)
  for (const file of archive.files) await checkPaper(file, papers, findings)
  await findings.check('archive-scores', '', () => { throw new Undecided('program-only') })
  await findings.check('archive-seal', '', () => checkSeal(archive, trust), (leaf) => leaf.subject.O ?? '')
}

/** How many experts the last round drew, computed again; what it was asked for is what it drew. */
async function checkDraw(payloads: Payloads): Promise<number> {
  const drawn = payloads('committee.drawn').at(-1) as unknown as DrawStatement | undefined
  insist(drawn, 'broken-chain', 'the ledger tells of no draw')
  const request = payloads('committee.requested').filter((each) => each.round === drawn.round).at(-1)
  const replaced = payloads('committee.replaced').filter((each) => each.round === drawn.round)
  insist(request && drawn.set_sha256 === payloads('lot.bids_frozen').at(-1)?.set_sha256, 'not-authentic', 'the draw did not mix in the frozen set')
  const asked = (strata: readonly DrawStratum[]): string => JSON.stringify(strata.map(({ region, count }) => [region, count]))
  insist(asked(request.strata as unknown as DrawStratum[]) === asked(drawn.strata), 'not-authentic', 'drawn for other places than asked')
  const told = await replayDraw({ request: { commitment: String(request.commitment), round: drawn.round }, drawn, replaced: replaced as unknown as Replacement[] })
  const wrong = told.find((each) => !each.holds)
  insist(!wrong, 'not-authentic', `the draw repeated gives another result: ${wrong?.name ?? ''}`)
  return drawn.chosen.length
}

/** How many papers there are: every one that the ledger knows, to the last bit. */
async function checkPapers(files: Archive['files'], payloads: Payloads): Promise<number> {
  for (const { content, size, sha256, name } of files) {
    const bytes = fromBase64(content)
    insist(bytes.length === size && (await sha256Hex(bytes)) === sha256, 'not-authentic', `${name} differs from its digest`)
  }
  const published = payloads('opening.published')
  insist(published.length, 'broken-chain', 'the ledger tells of no opening record')
  const known = [...payloads('paper.completed').map((each) => each.sha256), ...published.map((each) => each.pdf_sha256)]
  insist(known.every((digest) => files.some((file) => file.sha256 === digest)), 'not-authentic', 'a paper that the ledger knows is missing')
  return files.length
}

/** One finding a paper: the first of its own points that does not hold, or who signed. */
async function checkPaper({ title, content }: Archive['files'][number], anchors: PdfAnchors, findings: Findings): Promise<void> {
  const { judgePdf } = await import('./pdfFindings')
  const { findings: own } = await judgePdf(fromBase64(content), anchors, new Findings())
  const found = outcome(own)
  const wrong = own.find((each) => each.verdict === (found === false ? 'fails' : 'open'))
  const signers = [...new Set(own.filter((each) => each.point === 'pdf-signature').map((each) => each.subject))].join('、')
  findings.add({ ...paperOf(found, wrong), point: 'archive-paper', subject: title, detail: wrong ? `${wrong.point} ${wrong.detail}` : signers })
}

function paperOf(found: boolean | null, wrong: Finding | undefined): Pick<Finding, 'verdict' | 'reason'> {
  return { verdict: found === null ? 'open' : found ? 'holds' : 'fails', reason: wrong?.reason ?? '' }
}
