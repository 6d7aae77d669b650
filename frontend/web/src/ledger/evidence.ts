/** A file that somebody drops on the verification page: what it is, and what of it holds. Nothing leaves the browser. */
import { type Bytes, sha256Hex, textOf, utf8 } from '@/sealing/bytes'
import { isObject, type JsonObject } from '@/sealing/canonical'
import { insist } from '@/sealing/faults'
import type { Certificate } from '@/sealing/certificate'
import { checkNotice, type PlatformTrust, type SignedNotice } from '@/sealing/notice'
import type { Archive } from './archive'
import { checkBundle } from './bundle'
import type { Bundle } from './bundleShape'
import { parseNote, parseVerifierKey, verifyCheckpoint } from './checkpoint'
import { type EntryDocument, type Export, type SealedDocument, verifyEntryDocument, verifyExport, verifySealedDocument } from './documents'
import { type Finding, Findings, Undecided } from './findings'
import type { PdfAnchors } from './pdf'
import { ledgerOf, type ReceiptDocument, signerOf, stampsOf } from './receipt'
import { checkRecordDocument, type RecordDocument } from './record'
import { cosignersOf } from './witnesses'

export type EvidenceKind = 'receipt' | 'withdrawal' | 'bundle' | 'archive' | 'record' | 'notice' | 'entry' | 'sealed' | 'export' | 'checkpoint' | 'pdf' | 'unknown'

/** What the page holds against the evidence: pinned by whoever reads it, never taken from the file. */
export interface Anchor {
  /** The ledger's verifier key. */
  readonly key: string
  readonly trust: PlatformTrust
  /** Roots of CAs whose signers count besides, in PDFs; the same as `trust` where the reader gave his own. */
  readonly authorities?: readonly Certificate[]
  /** The moment for what no time stamp proves; that of this machine where it is not given. */
  readonly now?: Date
  /** Keys of the witnesses that the reader counts; none: cosignatures are not judged. */
  readonly witnesses?: readonly string[]
  /** Of a QR code: number and digest of a receipt. */
  readonly expected: { readonly receipt: string; readonly sha256: string } | null
}

export interface Evidence {
  readonly kind: EvidenceKind
  /** SHA-256 of the file. */
  readonly sha256: string
  /** What it says of itself, as [word, value]; believed only as far as the findings hold. */
  readonly facts: readonly (readonly [string, string])[]
  readonly findings: readonly Finding[]
}

interface Judged {
  readonly facts: Evidence['facts']
  readonly findings: readonly Finding[]
}

/** Judges a file. `told` hears of each finding as it comes. */
export async function judgeFile(bytes: Bytes, anchor: Anchor, told?: (finding: Finding) => void): Promise<Evidence> {
  const sha256 = await sha256Hex(bytes)
  if (isPdf(bytes)) {
    const { judgePdf } = await import('./pdfFindings')
    return { kind: 'pdf', sha256, ...(await judgePdf(bytes, pdfAnchorsOf(anchor), new Findings(told))) }
  }
  const document = read(bytes)
  const kind = kindOf(document)
  const findings = new Findings(told)
  try {
    const judged = await judge(kind, document, anchor, findings)
    const note = noteOf(document)
    const cosigned = note === null ? null : await judgeWitnesses(note, anchor, findings)
    // A bundle's findings are a list of its own; what came after belongs to it as well.
    const all = [...new Set([...judged.findings, ...findings.list])]
    return { kind, sha256, facts: cosigned === null ? judged.facts : [...judged.facts, ['witnesses', cosigned]], findings: all }
  } catch (error) {
    // It names itself evidence of a kind but lacks what that kind has.
    await findings.check('shape', '', () => { throw error })
    return { kind, sha256, facts: [], findings: findings.list }
  }
}

/** The checkpoint that a document rests on, as far as it carries one. */
function noteOf(document: JsonObject | string | null): string | null {
  if (document === null || typeof document === 'string') return document
  const holders = [document, document.ledger, document.proof, isObject(document.opening) ? document.opening.ledger : null].filter(isObject)
  const note = holders.map((holder) => holder.checkpoint).find((value) => typeof value === 'string')
  return typeof note === 'string' ? note : typeof document.note === 'string' ? document.note : null
}

/** Names of the known witnesses that cosigned, empty for none; null where none is known. One that lies is a finding. */
async function judgeWitnesses(note: string, anchor: Anchor, findings: Findings): Promise<string | null> {
  if (!anchor.witnesses?.length) return null
  const known = anchor.witnesses
  let names = ''
  const carried = parseNote(note).signatures.some((line) => known.some((key) => key.startsWith(`${line.name}+`)))
  if (carried) {
    const found = await findings.check('witnesses', '', () => cosignersOf(note, known), (each) => each.map((one) => one.name).join('、'))
    names = found?.map((one) => one.name).join('、') ?? ''
  }
  return names
}

function pdfAnchorsOf({ trust, authorities, now }: Anchor): PdfAnchors {
  return { roots: [...trust.roots, ...(authorities ?? [])], now: now ?? new Date() }
}

function isPdf(bytes: Bytes): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(0, 1024)).includes('%PDF-')
}

function read(bytes: Bytes): JsonObject | string | null {
  try {
    const text = textOf(bytes)
    if (/^\S+\n\d+\n[A-Za-z0-9+/=]+\n/.test(text)) return text
    const value = JSON.parse(text) as JsonObject
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

export function kindOf(document: JsonObject | string | null): EvidenceKind {
  if (document === null) return 'unknown'
  if (typeof document === 'string') return 'checkpoint'
  if (document.kind === 'lot-bundle') return 'bundle'
  if (document.kind === 'lot-archive') return 'archive'
  if (typeof document.body === 'string' && (document.kind === 'receipt' || document.kind === 'withdrawal')) return document.kind
  if (document.kind === 'checkpoint' && typeof document.note === 'string') return 'checkpoint'
  if (typeof document.record_text === 'string') return 'record'
  if (typeof document.notice === 'string') return 'notice'
  if (Array.isArray(document.entries)) return 'export'
  if (isObject(document.act) && isObject(document.batch)) return 'sealed'
  return isObject(document.entry) ? 'entry' : 'unknown'
}

async function judge(kind: EvidenceKind, document: JsonObject | string | null, anchor: Anchor, findings: Findings): Promise<Judged> {
  const value = document as unknown
  switch (kind) {
    case 'receipt': case 'withdrawal': return judgeReceipt(value as ReceiptDocument, anchor, findings)
    case 'bundle': return judgeBundle(value as Bundle, anchor, findings)
    case 'archive': return judgeArchive(value as Archive, anchor, findings)
    case 'record': return judgeRecord(value as RecordDocument, anchor, findings)
    case 'notice': return judgeNotice(value as SignedNotice, anchor, findings)
    case 'checkpoint': return judgeCheckpoint(typeof value === 'string' ? value : (value as { note: string }).note, anchor, findings)
    case 'entry': return judgeLedger(() => verifyEntryDocument(value as EntryDocument, anchor.key), (found) => [['act', found.action], ['at', found.ts], ['number', String(found.seq)]], findings)
    case 'sealed': return judgeLedger(() => verifySealedDocument(value as SealedDocument, anchor.key), (found) => [['act', found.action], ['at', found.at]], findings)
    case 'export': return judgeLedger(() => verifyExport(value as Export, anchor.key), (found) => [['entries', String(found.entries)]], findings)
    default: return { facts: [], findings: [] }
  }
}

async function judgeReceipt(document: ReceiptDocument, anchor: Anchor, findings: Findings): Promise<Judged> {
  const body = JSON.parse(document.body) as JsonObject & { number: string; kind: string; decided_at: string; version: number; lot: { code: string; title: string }; bidder: { name: string } }
  // Each point alone: who has not the platform's roots still learns what its ledger says.
  await findings.check('signature', '', () => signerOf(document, anchor.trust), (leaf) => leaf.subject.O ?? leaf.subject.CN ?? '')
  if (body.kind === 'receipt') await findings.check('stamps', '', () => stampsOf(body, anchor.trust), (found) => Object.values(found)[0]?.toISOString() ?? '')
  await findings.check('ledger-proof', '', async () => {
    const ledger = await ledgerOf(document, anchor.key)
    if (ledger !== 'proven') throw new Undecided(ledger)
  })
  const { expected } = anchor
  if (expected) await findings.check('qr', '', async () => insist(expected.receipt === body.number && expected.sha256 === (await sha256Hex(utf8(document.body))), 'not-authentic', 'another receipt than the code names'))
  return { facts: [['number', body.number], ['lot', `${body.lot.code} ${body.lot.title}`], ['bidder', body.bidder.name], ['version', String(body.version)], ['at', body.decided_at]], findings: findings.list }
}

async function judgeBundle(bundle: Bundle, anchor: Anchor, findings: Findings): Promise<Judged> {
  const list = await checkBundle(bundle, anchor.key, anchor.trust, (finding) => findings.tell(finding))
  return { facts: [['lot', `${bundle.lot.code} ${bundle.lot.title}`], ['opens', bundle.lot.opens_at], ['bids', String(bundle.bids.length)], ['pdf', bundle.record.pdf_sha256]], findings: list }
}

async function judgeArchive(archive: Archive, anchor: Anchor, findings: Findings): Promise<Judged> {
  const { checkArchive } = await import('./archive')
  await checkArchive(archive, { key: anchor.key, trust: anchor.trust, papers: pdfAnchorsOf(anchor) }, findings)
  const { lot, bids } = archive.opening
  return { facts: [['lot', `${lot.code} ${lot.title}`], ['opens', lot.opens_at], ['bids', String(bids.length)]], findings: findings.list }
}

async function judgeRecord(document: RecordDocument, anchor: Anchor, findings: Findings): Promise<Judged> {
  const record = await checkRecordDocument(document, anchor.key, findings)
  return { facts: record ? [['lot', `${record.lot.code} ${record.lot.title}`], ['at', record.times.concluded_at], ['bids', String(record.rows.length)], ['pdf', document.pdf_sha256 ?? '']] : [], findings: findings.list }
}

async function judgeNotice(notice: SignedNotice, anchor: Anchor, findings: Findings): Promise<Judged> {
  const { opened_at: openedAt } = JSON.parse(notice.notice) as { opened_at: string }
  const found = await findings.check('notice', '', () => checkNotice(notice, anchor.trust, new Date(openedAt)), (checked) => checked.stampedAt?.toISOString() ?? '')
  return { facts: found ? [['lot', found.code], ['at', found.openedAt.toISOString()], ['bids', String(found.bids.length)]] : [], findings: findings.list }
}

async function judgeCheckpoint(note: string, anchor: Anchor, findings: Findings): Promise<Judged> {
  const found = await findings.check('checkpoint', '', async () => verifyCheckpoint(note, await parseVerifierKey(anchor.key)))
  return { facts: found ? [['log', found.origin], ['entries', String(found.size)]] : [], findings: findings.list }
}

async function judgeLedger<T>(verify: () => Promise<T>, factsOf: (value: T) => Evidence['facts'], findings: Findings): Promise<Judged> {
  const found = await findings.check('ledger', '', verify)
  return { facts: found ? factsOf(found) : [], findings: findings.list }
}

/** The two values a receipt's QR code carries behind `#`; null for any other address. */
export function expectedOf(fragment: string): Anchor['expected'] {
  const found = new URLSearchParams(fragment.replace(/^#/, ''))
  const [receipt, sha256] = [found.get('receipt'), found.get('sha256')]
  return receipt && sha256 && /^[0-9a-f]{64}$/.test(sha256) ? { receipt, sha256 } : null
}

