/**
 * An exported lot, re-checked by someone who trusts nobody: the log, the frozen set, every sealed bid, every price
 * that was announced, and the opening record. Nothing is taken on the bundle's own word.
 */
import { sha256Hex, utf8 } from '@/sealing/bytes'
import { canonicalBytes, canonicalText, isObject, type Json, type JsonObject, parseCanonicalObject } from '@/sealing/canonical'
import type { Certificate } from '@/sealing/certificate'
import { insist } from '@/sealing/faults'
import { checkNotice, checkPlatformSignature, type OpeningNotice, type PlatformTrust } from '@/sealing/notice'
import { checkBid } from './bundleBid'
import type { Acts, Bundle, BundleOpening, FrozenBid, Ground } from './bundleShape'
import { type Export, verifyEntryDocument, verifyExport } from './documents'
import { readEntry } from './entry'
import { type Finding, Findings } from './findings'
import { checkGrounds } from './grounds'

const SET_FIELDS = ['bid', 'version', 'certificate', 'headers', 'manifests'] as const

/** Every point of a bundle; `key` is the pinned verifier key of the log, `told` hears of each finding at once. */
export async function checkBundle(bundle: Bundle, key: string, trust: PlatformTrust, told?: (finding: Finding) => void): Promise<readonly Finding[]> {
  const findings = new Findings(told)
  const { lot } = bundle
  const verified = await findings.check('ledger', '', () => checkLedger(bundle, key), (found) => String(found.entries))
  // What the ledger does not prove is not read: the points that need it then fail by themselves.
  const [acts, later] = verified ? actsOf(bundle.ledger) : [new Map(), new Map()] as [Acts, Acts]
  const envelope = lot.two_envelopes ? 'technical' : 'whole'
  const first = await checkOpening({ lot, opening: bundle, envelope, acts, frozenBy: 'lot.bids_frozen', opensAt: lot.opens_at, bids: [] }, key, trust, findings)
  if (lot.two_envelopes) await checkSecond(bundle, [acts, later], first, { key, trust, findings })
  await findings.check('grounds', '', () => checkGrounds(bundle.ledger, bundle.grounds, key), (held) => [held.signatures, held.submitted, held.frozen, held.late, held.authorities].join(' '))
  await findings.check('seal', '', () => checkSeal(bundle, trust), (leaf) => leaf.subject.O ?? '')
  return findings.list
}

/** One opening of a lot with the part of the ledger that tells of it. */
interface Opened {
  readonly lot: Bundle['lot']
  readonly opening: BundleOpening
  readonly envelope: string
  readonly acts: Acts
  readonly frozenBy: string
  readonly opensAt: string
  /** Of prices: the bids as they were frozen at the deadline. */
  readonly bids: readonly FrozenBid[]
}

async function checkOpening(opened: Opened, key: string, trust: PlatformTrust, findings: Findings): Promise<readonly FrozenBid[]> {
  const { lot, opening, envelope, acts } = opened
  const point = (name: string): string => (envelope === 'price' ? `price-${name}` : name)
  const set = await findings.check(point('set'), '', () => checkSet(opened), (found) => found.digest)
  const frozen = set?.bids ?? []
  await findings.check(point('notice'), '', () => checkOpeningNotice(opened, frozen, trust), (notice) => notice.stampedAt?.toISOString() ?? '')
  const rows = await findings.check(point('announced'), '', () => checkAnnounced(opening, acts), (found) => String(found.length)) ?? []
  await findings.check(point('complete'), '', () => checkComplete(opening, frozen, rows), () => String(frozen.length))
  const record = await findings.check(point('record'), '', () => checkRecord(opened, key), () => opening.record.sha256)
  const known = envelope === 'price' ? opened.bids : frozen
  const ground: Ground = { lot, envelope, key, trust, frozen: byBid(known), rows: byBid(rows), confirmed: byBid(record ?? []), acts, certificates: opening.certificates }
  for (const bid of opening.bids) await checkBid(bid, ground, findings)
  return frozen
}

/** Prices: exactly of those whom the signed result passed; of all others nothing that opens anything. */
async function checkSecond(bundle: Bundle, [before, acts]: [Acts, Acts], frozen: readonly FrozenBid[], { key, trust, findings }: { key: string; trust: PlatformTrust; findings: Findings }): Promise<void> {
  const second = bundle.prices
  const passed = second ? await findings.check('price-passed', '', () => checkPassed(second, before, acts), (found) => String(found.length)) ?? [] : []
  await findings.check('price-sealed', '', () => checkSealed(bundle), (underWay) => (underWay ? '' : String(frozen.length - passed.length)))
  if (!second) return
  const opensAt = String(before.get('prices.scheduled')?.at(-1)?.opens_at ?? '')
  await checkOpening({ lot: bundle.lot, opening: second, envelope: 'price', acts, frozenBy: 'prices.frozen', opensAt, bids: frozen }, key, trust, findings)
}

function checkPassed(second: BundleOpening, before: Acts, acts: Acts): readonly string[] {
  const fixed = act(before, 'prices.passers_fixed')
  const passed = [...fixed.passed as readonly string[]].sort()
  const listed = (items: readonly { readonly bid?: Json }[]): string => items.map((item) => String(item.bid)).sort().join()
  const opened = act(acts, 'prices.frozen')
  insist(listed(second.bids) === passed.join() && listed(opened.bids as readonly JsonObject[]) === passed.join(), 'not-authentic', 'other bids than those that passed')
  insist(opened.result_sha256 === fixed.result_sha256, 'not-authentic', 'opened on another result')
  return passed
}

/** True while the second opening is under way, so that nobody can say how many envelopes stay sealed. */
export function checkSealed(bundle: Pick<Bundle, 'bids' | 'ledger' | 'prices'>): boolean {
  for (const bid of bundle.bids) {
    insist(bid.secrets === null || bid.secrets.kind === 'technical/statement', 'not-authentic', 'secrets of a price envelope')
    insist(bid.envelopes.every((item) => item.object === undefined || item.kind === 'technical/statement'), 'not-authentic', 'content of a price envelope')
  }
  if (bundle.prices) return false
  // The entries themselves are asked: one whose payload was taken out still tells what was done.
  const actions = bundle.ledger.entries.map(({ entry }) => readEntry(entry).action)
  const begun = actions.indexOf('prices.frozen')
  insist(begun < 0 || !actions.includes('opening.published', begun), 'not-authentic', 'the second opening was published, and is not here')
  return begun >= 0
}

async function checkLedger(bundle: Bundle, key: string) {
  insist(bundle.ledger.stream === `lot:${bundle.lot.id}`, 'broken-chain', 'the stream of another lot')
  return verifyExport(bundle.ledger, key)
}

/** A payload without its salt proves nothing and is left out. */
export function actsOf(ledger: Export): [Acts, Acts] {
  const parts: [Map<string, JsonObject[]>, Map<string, JsonObject[]>] = [new Map(), new Map()]
  let acts = parts[0]
  for (const { entry, payload, salt } of ledger.entries) {
    const { action } = readEntry(entry)
    // What follows the freeze of prices is told of the second opening.
    if (action === 'prices.frozen') acts = parts[1]
    if (typeof salt === 'string' && isObject(payload)) acts.set(action, [...(acts.get(action) ?? []), payload])
  }
  return parts
}

/** The one act of this kind; two would be two stories. */
function act(acts: Acts, action: string): JsonObject {
  const [payload, ...others] = acts.get(action) ?? []
  insist(payload !== undefined && others.length === 0, 'broken-chain', `the ledger holds not exactly one ${action}`)
  return payload
}

/** The set the ledger froze at the opening time, and that its digest is over exactly these bids. */
async function checkSet({ acts, frozenBy, bids: known }: Opened): Promise<{ bids: FrozenBid[]; digest: string }> {
  const payload = act(acts, frozenBy)
  const bids = payload.bids as readonly JsonObject[]
  const items = bids.map((bid) => Object.fromEntries(SET_FIELDS.map((name) => [name, bid[name] as Json])))
  const ordered = items.sort((a, b) => (String(a.bid) < String(b.bid) ? -1 : 1))
  const digest = await sha256Hex(canonicalBytes(ordered))
  insist(digest === payload.set_sha256 && bids.length === payload.count, 'not-authentic', 'the digest is over another set')
  for (const bid of known.length ? bids as unknown as FrozenBid[] : []) {
    const same = known.find((item) => item.bid === bid.bid)
    insist(Object.entries(bid.headers).every(([kind, header]) => same?.headers[kind] === header && same.manifests[kind] === bid.manifests[kind]), 'not-authentic', 'another price envelope than at the deadline')
  }
  return { bids: bids as unknown as FrozenBid[], digest }
}

async function checkOpeningNotice({ lot, opening, envelope, acts, frozenBy, opensAt }: Opened, frozen: readonly FrozenBid[], trust: PlatformTrust): Promise<OpeningNotice> {
  const text = opening.notice.notice
  const { opened_at: openedAt } = parseCanonicalObject(text)
  const notice = await checkNotice(opening.notice, trust, new Date(String(openedAt)))
  insist(act(acts, 'opening.notice_issued').notice_sha256 === (await sha256Hex(utf8(text))), 'not-authentic', 'the ledger records another notice')
  insist(notice.envelope === envelope, 'not-authentic', 'the notice opens another envelope')
  insist(act(acts, frozenBy).set_sha256 === notice.setDigest && frozen.length === notice.bids.length, 'not-authentic', 'the notice is over another set')
  insist(notice.lot === lot.id && notice.code === lot.code, 'not-authentic', 'the notice of another lot')
  insist(notice.opensAt.getTime() === Date.parse(opensAt), 'not-authentic', 'another opening time')
  insist(notice.stampedAt !== null, 'not-authentic', 'the notice has no time stamp')
  return notice
}

/** The lines that were announced, as the ledger holds them, each with its own digest. */
async function checkAnnounced(opening: BundleOpening, acts: Acts): Promise<readonly JsonObject[]> {
  const rows = act(acts, 'opening.announced').rows as readonly JsonObject[]
  insist(canonicalText(rows) === canonicalText(opening.announced), 'not-authentic', 'the ledger holds other lines')
  for (const row of rows) {
    const { row_sha256: digest, ...rest } = row
    insist((await sha256Hex(canonicalBytes(rest))) === digest, 'not-authentic', 'a line differs from its digest')
  }
  return rows
}

/** No bid was added after the freeze, and none was left out. */
function checkComplete(opening: BundleOpening, frozen: readonly FrozenBid[], rows: readonly JsonObject[]): void {
  const ids = (items: readonly { readonly bid?: Json }[]) => items.map((item) => String(item.bid)).sort().join()
  insist(frozen.length > 0 && new Set(frozen.map((item) => item.bid)).size === frozen.length, 'not-authentic', 'the set is empty or names a bid twice')
  insist(ids(frozen) === ids(opening.bids) && ids(frozen) === ids(rows), 'not-authentic', 'other bids than were frozen')
}

/** The record is the one concluded and published, and tells the announced lines; gives its rows. */
async function checkRecord({ lot, opening, acts, frozenBy }: Opened, key: string): Promise<readonly JsonObject[]> {
  const { text, sha256, proof, pdf_sha256: pdf } = opening.record
  insist((await sha256Hex(utf8(text))) === sha256, 'not-authentic', 'the record differs from its digest')
  insist(act(acts, 'opening.concluded').record_sha256 === sha256, 'not-authentic', 'the ledger records another record')
  const published = act(acts, 'opening.published')
  insist(published.record_sha256 === sha256 && published.pdf_sha256 === pdf, 'not-authentic', 'the ledger published another record')
  const signed = new Set((acts.get('record.signed') ?? []).map((item) => item.capacity))
  insist(signed.has('host') && signed.has('recorder'), 'not-authentic', 'host or recorder did not sign')
  const entry = await verifyEntryDocument(proof, key)
  insist(entry.action === 'opening.concluded' && entry.stream === `lot:${lot.id}`, 'not-authentic', 'the proof is of something else')
  const record = parseCanonicalObject(text)
  insist(record.set_sha256 === act(acts, frozenBy).set_sha256, 'not-authentic', 'the record is over another set')
  const rows = record.rows as readonly JsonObject[]
  const told = rows.map(({ decrypted_at: _at, confirmation: _by, ...row }) => row)
  insist(canonicalText(told) === canonicalText(opening.announced), 'not-authentic', 'the record tells other lines')
  return rows
}

/** The file is, to its last value, as the platform gave it out: also what no other evidence covers. */
export async function checkSeal<T extends { readonly kind: string; readonly seal: Bundle['seal'] }>(document: T, trust: PlatformTrust): Promise<Certificate> {
  const { seal, ...rest } = document
  const told = parseCanonicalObject(seal.text)
  const leaf = await checkPlatformSignature('ebid/1 export-seal\0', seal.text, seal.signature, trust, new Date(String(told.at)))
  insist(told.v === 1 && told.kind === 'export-seal' && told.of === document.kind, 'not-authentic', 'the seal of another kind of document')
  insist(told.sha256 === (await sha256Hex(canonicalBytes(rest as unknown as Json))), 'not-authentic', 'something was changed after it was given out')
  return leaf
}

function byBid<T extends { readonly bid?: Json } | FrozenBid>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [String(item.bid), item]))
}
