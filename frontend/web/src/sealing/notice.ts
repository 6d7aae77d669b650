/** The opening notice: what a client checks for itself before it releases a key. */
import { type Bytes, concat, fromBase64, sha256Hex, utf8 } from './bytes'
import { isObject, type Json, parseCanonicalObject } from './canonical'
import { type Certificate, parseCertificate, pemOf } from './certificate'
import { insist } from './faults'
import { envelopeOf } from './context'
import { type Header, readHeader } from './header'
import { signedBy } from './signer'

/** `{value: base64, chain: [PEM, leaf first]}` over a prefix and a text. */
export type PlatformSignature = { readonly value: string; readonly chain: readonly string[] }

export type SignedNotice = {
  /** JCS text. */
  readonly notice: string
  readonly signature: PlatformSignature
  /** base64 of the RFC 3161 token over the notice; null while the stamp is awaited. */
  readonly token: string | null
}

export interface NoticeBid {
  readonly bid: string
  readonly version: number
  readonly certificate: string
  readonly headers: Readonly<Record<string, string>>
  readonly manifests: Readonly<Record<string, string>>
}

export interface OpeningNotice {
  readonly lot: string
  /** Which envelope is opened: whole, technical or price. */
  readonly envelope: string
  readonly code: string
  readonly opensAt: Date
  readonly openedAt: Date
  readonly setDigest: string
  readonly sessionKey: Bytes
  readonly bids: readonly NoticeBid[]
  /** Instant of the time stamp; null when there is no token yet. */
  readonly stampedAt: Date | null
}

/** Roots to which the platform's and the time-stamping authority's certificates must lead. */
export interface PlatformTrust {
  readonly roots: readonly Certificate[]
}

const PREFIX = 'ebid/1 opening-notice\0'

export async function platformTrust(pems: readonly string[]): Promise<PlatformTrust> {
  return { roots: await Promise.all(pems.map((pem) => parseCertificate(pem))) }
}

/** The certificate that signed prefix ‖ text, when its chain leads to a trusted root on the day `at`. */
export async function checkPlatformSignature(prefix: string, text: string, signature: PlatformSignature, trust: PlatformTrust, at = new Date()): Promise<Certificate> {
  const chain = await Promise.all(signature.chain.map((pem) => parseCertificate(pem)))
  const [leaf] = chain
  insist(leaf !== undefined, 'not-authentic', 'a signature without a certificate')
  insist(chain.every((each, index) => pemOf(each) === signature.chain[index]), 'malformed', 'another spelling of a certificate')
  const message = concat(utf8(prefix), utf8(text))
  insist(await signedBy(leaf, message, fromBase64(signature.value)), 'not-authentic', 'the platform did not sign this text')
  const { checkChain } = await import('./timestamp')
  await checkChain(chain, trust.roots, at)
  return leaf
}

/**
 * The notice, when the platform signed it and its stamp (where it has one) is not before the opening time. `at`: the day
 * on which its certificates must be valid; now in the hall, the day of the opening when an old one is checked again.
 */
export async function checkNotice(signed: SignedNotice, trust: PlatformTrust, at = new Date()): Promise<OpeningNotice> {
  await checkPlatformSignature(PREFIX, signed.notice, signed.signature, trust, at)
  const value = parseCanonicalObject(signed.notice)
  insist(value.v === 1 && value.kind === 'opening-notice', 'malformed', 'not an opening notice')
  const opensAt = instant(value.opens_at)
  const openedAt = instant(value.opened_at)
  const sessionKey = fromBase64(String(value.session_key))
  insist(sessionKey.length === 65, 'malformed', 'a session key has 65 bytes')
  const stampedAt = await stampOf(signed, trust)
  insist(openedAt >= opensAt && (stampedAt === null || stampedAt >= opensAt), 'too-early', 'the opening time has not come')
  const bids = list(value.bids).map(readBid)
  insist(bids.length === value.count, 'malformed', 'the notice counts other bids than it lists')
  return { lot: String(value.lot), envelope: String(value.envelope ?? 'whole'), code: String(value.code), opensAt, openedAt, setDigest: String(value.set_sha256), sessionKey, bids, stampedAt }
}

/** The header, refused where it is not the one the notice commits to, or its own opening time or lot is another. */
export async function checkAgainstNotice(notice: OpeningNotice, bid: string, kind: string, text: string): Promise<Header> {
  const listed = notice.bids.find((item) => item.bid === bid)
  insist(listed !== undefined, 'not-authentic', 'the notice does not list this bid')
  // Before it is read: what the platform's rows hold may be no header any more.
  insist(listed.headers[kind] === (await sha256Hex(utf8(text))), 'not-kept', 'another header than the notice commits to')
  const header = readHeader(text)
  insist(header.ctx.envelope === kind, 'not-authentic', 'an envelope of another kind')
  // Prices are released on their own notice alone, which lists those who passed.
  insist(envelopeOf(kind) === notice.envelope, 'not-authentic', 'this notice does not open this envelope')
  insist(bare(listed.certificate) === bare(header.ctx.bidder), 'not-authentic', 'an envelope of another bidder')
  insist(header.ctx.lot === notice.code, 'not-authentic', 'an envelope of another lot')
  const opensAt = instant(header.ctx.opens_at)
  insist(notice.openedAt >= opensAt && (notice.stampedAt === null || notice.stampedAt >= opensAt), 'too-early', 'this envelope opens later')
  return header
}

async function stampOf(signed: SignedNotice, trust: PlatformTrust): Promise<Date | null> {
  if (signed.token === null) return null
  const { readTimestamp } = await import('./timestamp')
  return (await readTimestamp(fromBase64(signed.token), utf8(signed.notice), trust.roots)).at
}

function readBid(item: Json): NoticeBid {
  insist(isObject(item) && typeof item.bid === 'string' && isObject(item.headers) && isObject(item.manifests), 'malformed', 'not a bid of a notice')
  return item as unknown as NoticeBid
}

function instant(value: Json | undefined): Date {
  const at = new Date(typeof value === 'string' ? value : Number.NaN)
  insist(!Number.isNaN(at.getTime()), 'malformed', 'not an instant')
  return at
}

function list(value: Json | undefined): readonly Json[] {
  insist(Array.isArray(value), 'malformed', 'a list is expected')
  return value as readonly Json[]
}

function bare(fingerprint: string): string {
  return fingerprint.replace(/^sha256:/, '')
}
