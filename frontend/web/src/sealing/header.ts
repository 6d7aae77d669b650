/** H, the header of a sealed object: strict reading, and what its commitments say about secrets. */
import { type Bytes, equal, fromBase64, fromHex, sha256Hex } from './bytes'
import { canonicalBytes, isObject, type Json, parseCanonicalObject } from './canonical'
import { commitment, type Context, readContext } from './context'
import { Fault, insist } from './faults'
import { floeSegment } from './floe'
import { type Recovery, readRecovery } from './recovery'
import { sm2CipherLength } from './sm2'
import { suiteOf } from './suites'
import type { Role, Wrap } from './wraps'

export type Header = {
  readonly v: 1
  readonly ctx: Context
  /** base64 of the 74-byte FLOE header */
  readonly floe: string
  readonly com_b: string
  readonly com_p: string
  readonly com_s: readonly string[]
  readonly wraps: readonly Wrap[]
  /** base64 of iv ‖ ciphertext ‖ tag of the trial segment */
  readonly trial: string
  /** S_B under the bidder's printed code, where it wanted one. */
  readonly recovery?: Recovery
}

const KEYS = ['com_b', 'com_p', 'com_s', 'ctx', 'floe', 'trial', 'v', 'wraps']
const DIGEST = /^[0-9a-f]{64}$/

export function headerBytes(header: Header): Bytes {
  return canonicalBytes(header)
}

export function headerDigest(header: Header): Promise<string> {
  return sha256Hex(headerBytes(header))
}

/** H from its bytes (or text); refuses anything but a well-formed canonical H. */
export function readHeader(source: Uint8Array | string): Header {
  const value = parseCanonicalObject(source)
  insist(Object.keys(value).filter((name) => name !== 'recovery').sort().join() === KEYS.join() && value.v === 1, 'malformed', 'header has other fields')
  const ctx = readContext(value.ctx)
  const digests = [value.com_b, value.com_p, ...list(value.com_s)]
  insist(digests.length === ctx.n + 2 && digests.every((digest) => typeof digest === 'string' && DIGEST.test(digest)), 'malformed', 'commitments do not fit n')
  insist(floeSegment(binary(value.floe), suiteOf(ctx.suite)) === ctx.seg, 'malformed', 'segment length differs from ctx')
  insist(binary(value.trial).length === 40, 'malformed', 'trial segment has 40 bytes')
  checkWraps(list(value.wraps), ctx)
  if (value.recovery !== undefined) readRecovery(value.recovery)
  return value as unknown as Header
}

export function wrapsFor(header: Header, role: Role): Wrap[] {
  return header.wraps.filter((wrap) => wrap.role === role)
}

/** The wrap addressed to this certificate; refuses when there is none. */
export function wrapAddressed(header: Header, role: Role, fingerprint: string): Wrap {
  const wrap = header.wraps.find((item) => item.role === role && item.cert === fingerprint)
  insist(wrap !== undefined, 'not-addressed', 'this envelope is not addressed to that certificate')
  return wrap
}

/** Refuses an S_B other than the committed one. */
export async function checkBidderSecret(header: Header, secret: Bytes): Promise<void> {
  const held = secret.length === 32 && equal(await commitment('b', secret, suiteOf(header.ctx.suite)), fromHex(header.com_b))
  insist(held, 'wrong-commitment', 'the bidder secret is not the committed one')
}

/** Refuses a share other than the one committed for custodian `index` (from 1). */
export async function checkShare(header: Header, index: number, share: Bytes): Promise<void> {
  const held = share.length === 33 && share[32] === index && equal(await commitment('s', share, suiteOf(header.ctx.suite)), fromHex(header.com_s[index - 1] ?? ''))
  insist(held, 'wrong-commitment', 'the share is not the committed one')
}

export async function checkCustodySecret(header: Header, secret: Bytes): Promise<void> {
  insist(equal(await commitment('p', secret, suiteOf(header.ctx.suite)), fromHex(header.com_p)), 'wrong-commitment', 'the custody secret is not the committed one')
}

function checkWraps(items: readonly Json[], ctx: Context): void {
  const wraps = items.map(readWrap)
  insist(!suiteOf(ctx.suite).isSm || wraps.every((wrap) => wrap.alg === 'sm2'), 'malformed', 'in suite 2 every wrap is SM2')
  const bidders = wraps.filter((wrap) => wrap.role === 'bidder').length
  const places = [...Array(bidders).keys()].map((i) => `bidder ${String(i)}`)
  places.push(...ctx.custodians.map((cert, i) => `custodian ${String(i + 1)} ${cert}`))
  const found = wraps.map(({ role, i, cert }) => (role === 'bidder' ? `bidder ${String(i)}` : `custodian ${String(i)} ${cert}`))
  insist(bidders >= 1 && bidders <= 2 && found.join() === places.join(), 'malformed', 'wraps do not fit bidder and custodians')
}

function readWrap(item: Json): Wrap {
  insist(isObject(item) && typeof item.cert === 'string' && typeof item.ct === 'string', 'malformed', 'not a wrap')
  const hpke = item.alg === 'hpke-p256'
  insist(hpke || item.alg === 'rsa-oaep' || item.alg === 'sm2', 'malformed', 'unknown wrap algorithm')
  insist(Object.keys(item).length === (hpke ? 6 : 5) && (!hpke || binary(item.enc).length === 65), 'malformed', 'wrap has other fields')
  const ct = binary(item.ct)
  const marked = item.role === 'bidder' ? 48 : 49
  insist(item.alg !== 'sm2' || sm2CipherLength(ct) === marked, 'malformed', 'not an SM2 ciphertext of this role')
  return item as Wrap
}

function list(value: Json | undefined): readonly Json[] {
  insist(Array.isArray(value), 'malformed', 'a list is expected')
  return value as readonly Json[]
}

function binary(value: Json | undefined): Bytes {
  try {
    return fromBase64(value as string)
  } catch (cause) {
    throw new Fault('malformed', 'not base64', { cause })
  }
}
