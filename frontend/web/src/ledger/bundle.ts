/**
 * An exported lot, re-checked by someone who trusts nobody: the log, the frozen set, every sealed bid, every price
 * that was announced, and the opening record. Nothing is taken on the bundle's own word.
 */
import { sha256Hex, utf8 } from '@/sealing/bytes'
import { canonicalBytes, canonicalText, isObject, type Json, type JsonObject, parseCanonicalObject } from '@/sealing/canonical'
import { insist } from '@/sealing/faults'
import { checkNotice, type OpeningNotice, type PlatformTrust } from '@/sealing/notice'
import { checkBid } from './bundleBid'
import type { Acts, Bundle, FrozenBid, Ground } from './bundleShape'
import { type Export, verifyEntryDocument, verifyExport } from './documents'
import { readEntry } from './entry'
import { type Finding, Findings } from './findings'

const SET_FIELDS = ['bid', 'version', 'certificate', 'headers', 'manifests'] as const

/** Every point of a bundle; `key` is the pinned verifier key of the log, `told` hears of each finding at once. */
export async function checkBundle(bundle: Bundle, key: string, trust: PlatformTrust, told?: (finding: Finding) => void): Promise<readonly Finding[]> {
  const findings = new Findings(told)
  const { lot } = bundle
  const verified = await findings.check('ledger', '', () => checkLedger(bundle, key), (found) => String(found.entries))
  // What the ledger does not prove is not read: the points that need it then fail by themselves.
  const acts: Acts = verified ? actsOf(bundle.ledger) : new Map()
  const set = await findings.check('set', '', () => checkSet(acts), (found) => found.digest)
  const frozen = set?.bids ?? []
  await findings.check('notice', '', () => checkOpeningNotice(bundle, acts, frozen, trust), (notice) => notice.stampedAt?.toISOString() ?? '')
  const rows = await findings.check('announced', '', () => checkAnnounced(bundle, acts), (found) => String(found.length)) ?? []
  await findings.check('complete', '', () => checkComplete(bundle, frozen, rows), () => String(frozen.length))
  const record = await findings.check('record', '', () => checkRecord(bundle, acts, key), () => bundle.record.sha256)
  const ground: Ground = { lot, key, trust, frozen: byBid(frozen), rows: byBid(rows), confirmed: byBid(record ?? []), acts, certificates: bundle.certificates }
  for (const bid of bundle.bids) await checkBid(bid, ground, findings)
  return findings.list
}

async function checkLedger(bundle: Bundle, key: string) {
  insist(bundle.ledger.stream === `lot:${bundle.lot.id}`, 'broken-chain', 'the stream of another lot')
  return verifyExport(bundle.ledger, key)
}

/** A payload without its salt proves nothing and is left out. */
function actsOf(ledger: Export): Acts {
  const acts = new Map<string, JsonObject[]>()
  for (const { entry, payload, salt } of ledger.entries) {
    const { action } = readEntry(entry)
    if (typeof salt === 'string' && isObject(payload)) acts.set(action, [...(acts.get(action) ?? []), payload])
  }
  return acts
}

/** The one act of this kind; two would be two stories. */
function act(acts: Acts, action: string): JsonObject {
  const [payload, ...others] = acts.get(action) ?? []
  insist(payload !== undefined && others.length === 0, 'broken-chain', `the ledger holds not exactly one ${action}`)
  return payload
}

/** The set the ledger froze at the opening time, and that its digest is over exactly these bids. */
async function checkSet(acts: Acts): Promise<{ bids: FrozenBid[]; digest: string }> {
  const payload = act(acts, 'lot.bids_frozen')
  const bids = payload.bids as readonly JsonObject[]
  const items = bids.map((bid) => Object.fromEntries(SET_FIELDS.map((name) => [name, bid[name] as Json])))
  const ordered = items.sort((a, b) => (String(a.bid) < String(b.bid) ? -1 : 1))
  const digest = await sha256Hex(canonicalBytes(ordered))
  insist(digest === payload.set_sha256 && bids.length === payload.count, 'not-authentic', 'the digest is over another set')
  return { bids: bids as unknown as FrozenBid[], digest }
}

async function checkOpeningNotice(bundle: Bundle, acts: Acts, frozen: readonly FrozenBid[], trust: PlatformTrust): Promise<OpeningNotice> {
  const text = bundle.notice.notice
  const { opened_at: openedAt } = parseCanonicalObject(text)
  const notice = await checkNotice(bundle.notice, trust, new Date(String(openedAt)))
  insist(act(acts, 'opening.notice_issued').notice_sha256 === (await sha256Hex(utf8(text))), 'not-authentic', 'the ledger records another notice')
  insist(act(acts, 'lot.bids_frozen').set_sha256 === notice.setDigest && frozen.length === notice.bids.length, 'not-authentic', 'the notice is over another set')
  insist(notice.lot === bundle.lot.id && notice.code === bundle.lot.code, 'not-authentic', 'the notice of another lot')
  insist(notice.opensAt.getTime() === Date.parse(bundle.lot.opens_at), 'not-authentic', 'another opening time')
  insist(notice.stampedAt !== null, 'not-authentic', 'the notice has no time stamp')
  return notice
}

/** The lines that were announced, as the ledger holds them, each with its own digest. */
async function checkAnnounced(bundle: Bundle, acts: Acts): Promise<readonly JsonObject[]> {
  const rows = act(acts, 'opening.announced').rows as readonly JsonObject[]
  insist(canonicalText(rows) === canonicalText(bundle.announced), 'not-authentic', 'the ledger holds other lines')
  for (const row of rows) {
    const { row_sha256: digest, ...rest } = row
    insist((await sha256Hex(canonicalBytes(rest))) === digest, 'not-authentic', 'a line differs from its digest')
  }
  return rows
}

/** No bid was added after the freeze, and none was left out. */
function checkComplete(bundle: Bundle, frozen: readonly FrozenBid[], rows: readonly JsonObject[]): void {
  const ids = (items: readonly { readonly bid?: Json }[]) => items.map((item) => String(item.bid)).sort().join()
  insist(frozen.length > 0 && new Set(frozen.map((item) => item.bid)).size === frozen.length, 'not-authentic', 'the set is empty or names a bid twice')
  insist(ids(frozen) === ids(bundle.bids) && ids(frozen) === ids(rows), 'not-authentic', 'other bids than were frozen')
}

/** The record is the one concluded and published, and tells the announced lines; gives its rows. */
async function checkRecord(bundle: Bundle, acts: Acts, key: string): Promise<readonly JsonObject[]> {
  const { text, sha256, proof, pdf_sha256: pdf } = bundle.record
  insist((await sha256Hex(utf8(text))) === sha256, 'not-authentic', 'the record differs from its digest')
  insist(act(acts, 'opening.concluded').record_sha256 === sha256, 'not-authentic', 'the ledger records another record')
  const published = act(acts, 'opening.published')
  insist(published.record_sha256 === sha256 && published.pdf_sha256 === pdf, 'not-authentic', 'the ledger published another record')
  const signed = new Set((acts.get('record.signed') ?? []).map((item) => item.capacity))
  insist(signed.has('host') && signed.has('recorder'), 'not-authentic', 'host or recorder did not sign')
  const entry = await verifyEntryDocument(proof, key)
  insist(entry.action === 'opening.concluded' && entry.stream === `lot:${bundle.lot.id}`, 'not-authentic', 'the proof is of something else')
  const record = parseCanonicalObject(text)
  insist(record.set_sha256 === act(acts, 'lot.bids_frozen').set_sha256, 'not-authentic', 'the record is over another set')
  const rows = record.rows as readonly JsonObject[]
  const told = rows.map(({ decrypted_at: _at, confirmation: _by, ...row }) => row)
  insist(canonicalText(told) === canonicalText(bundle.announced), 'not-authentic', 'the record tells other lines')
  return rows
}

function byBid<T extends { readonly bid?: Json } | FrozenBid>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [String(item.bid), item]))
}
