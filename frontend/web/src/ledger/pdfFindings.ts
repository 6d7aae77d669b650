/** What of a PDF holds, point by point: of each signature who, when, changed or not, and how the certificate stood then. */
import type { Bytes } from '@/sealing/bytes'
import { Fault, insist } from '@/sealing/faults'
import { type Finding, type Findings, Undecided } from './findings'
import { type PdfAnchors, type PdfSignature, type PdfStamp, pdfSignatures, provenAt } from './pdf'

/** Reasons that tell neither for nor against. */
const OPEN = new Set(['no-chain', 'beyond-page', 'revocation-unknown'])
/** Reasons that count only where it is proven that the signature was made by then. */
const TIMELY = new Set(['expired', 'revoked'])

/** Reasons of the CAs' words on revocation. */
const OF_WORDS = new Set(['revoked', 'revocation-unknown'])

interface Judged {
  readonly facts: readonly (readonly [string, string])[]
  readonly findings: readonly Finding[]
}

export async function judgePdf(bytes: Bytes, anchors: PdfAnchors, findings: Findings): Promise<Judged> {
  const found = await pdfSignatures(bytes, anchors)
  if (!found.length) await findings.check('pdf-signed', '', () => { throw new Undecided('unsigned') })
  const signatures = found.filter((each) => each.kind === 'signature')
  for (const each of found) await (each.kind === 'timestamp' ? judgeStamp(each, findings) : judgeSignature(each, subjectOf(each, signatures), findings))
  const covered = found.at(-1)?.covers ?? 0
  if (found.length) await findings.check('pdf-whole', '', () => { insist(covered === bytes.length, 'not-authentic', 'bytes follow the last signature') })
  return { facts: [['signatures', String(signatures.length)]], findings: findings.list }
}

/** The signer's name; of one who signed several times, with the number of the signature. */
function subjectOf({ signer, covers }: PdfSignature, all: readonly PdfSignature[]): string {
  const same = all.filter((each) => each.signer === signer)
  return same.length > 1 ? `${signer}（${String(same.findIndex((each) => each.covers === covers) + 1)}）` : signer
}

async function judgeSignature(signature: PdfSignature, subject: string, findings: Findings): Promise<void> {
  const { isIntact, stamp, standing, claimedAt } = signature
  await findings.check('pdf-signature', subject, () => { insist(isIntact, 'not-authentic', 'the signed bytes were changed, or another key signed') })
  if (standing === null) return
  const proven = provenAt(stamp)
  await findings.check('pdf-time', subject, () => checkTime(stamp, claimedAt), ({ at, authority }) => `${at.toISOString()} ${authority}`)
  const { reason } = standing
  const isValid = await findings.check('pdf-certificate', subject, () => { refuse(OF_WORDS.has(reason) ? '' : reason, proven !== null) }, () => [proven ? 'then' : 'now', standing.at.toISOString(), standing.root].join(' '))
  if (isValid === null) return
  await findings.check('pdf-revocation', subject, () => { refuse(reason, proven !== null) }, () => [standing.word ?? '', standing.revokedAt?.toISOString() ?? ''].join(' '))
  await findings.check('pdf-authority', subject, () => { if (!standing.isKnown) throw new Undecided('foreign-root', standing.root) }, () => standing.root)
}

/** The time stamp over a signature, where it proves something. */
function checkTime(stamp: PdfSignature['stamp'], claimedAt: Date | null): PdfStamp {
  const claimed = claimedAt?.toISOString() ?? ''
  if (stamp === null) throw new Undecided('unstamped', claimed)
  insist(stamp !== 'altered', 'not-authentic', 'the time stamp was changed, or is over something else')
  if (stamp === 'beyond-page') throw new Undecided('beyond-page', claimed)
  if (provenAt(stamp) === null) throw new Undecided(stamp.standing.reason === '' ? 'foreign-stamp' : `stamp-${stamp.standing.reason}`, claimed)
  return stamp
}

/** Throws what `reason`, of a `Standing`, means where the instant is proven, or is merely now. */
function refuse(reason: string, isProven: boolean): void {
  if (reason === '') return
  if (OPEN.has(reason)) throw new Undecided(reason === 'revocation-unknown' ? 'silent' : reason)
  if (TIMELY.has(reason) && !isProven) throw new Undecided(`${reason}-unstamped`)
  throw new Fault('not-valid', reason)
}

/** A document's own time stamp: an instant has no worth but its authority's. */
async function judgeStamp({ isIntact, stamp, signer }: PdfSignature, findings: Findings): Promise<void> {
  await findings.check('pdf-stamp', signer, () => {
    if (stamp === 'beyond-page') throw new Undecided(stamp)
    insist(isIntact && typeof stamp === 'object' && stamp, 'not-authentic', 'the time stamp was changed, or is over something else')
    refuse(stamp.standing.reason, true)
    insist(stamp.standing.isKnown, 'not-trusted', 'the authority does not lead to a root given')
    return stamp
  }, ({ at, endsAt }) => `${at.toISOString()} ${endsAt.toISOString()}`)
}
