/**
 * FLOE (c2sp.org/FLOE) with AES-256-GCM and HKDF-Expand-SHA-384: a body sealed in segments that can be read in any order.
 * With the suite FLOE-SM the same construction over SM4-GCM and HMAC-SM3, which is not standard FLOE.
 */
import { type Bytes, concat, equal, random, readU32, u32be, u64be, utf8 } from './bytes'
import { insist } from './faults'
import { FLOE, type MacKey, type Suite } from './suites'

const OVERHEAD = 32
const INNER = 0xffffffff
export const FLOE_HEADER_LENGTH = 74
/** Segments that share one data key, as a power of two (2^20 for AES-256-GCM). */
const ROTATION = 20

/** What sealing and opening need after the header: the message key cannot be exported. */
export interface Floe {
  readonly header: Bytes
  readonly segment: number
  readonly aad: Bytes
  readonly messageKey: MacKey
  readonly suite: Suite
  readonly rotation: number
}

export function plainSegment(segment: number): number {
  return segment - OVERHEAD
}

/** Number of segments of a body of `size` plaintext bytes; an empty body is one empty segment. */
export function segmentCount(size: number, segment: number): number {
  return Math.max(1, Math.ceil(size / plainSegment(segment)))
}

/** Ciphertext length of segment `position` of a body of `size` plaintext bytes. */
export function sealedSegmentLength(position: number, size: number, segment: number): number {
  const last = segmentCount(size, segment) - 1
  return position < last ? segment : size - last * plainSegment(segment) + OVERHEAD
}

/** Starts a body under `key` (32 bytes). */
export async function startFloe(key: Bytes, aad: Bytes, segment: number, iv: Bytes = random(32), suite: Suite = FLOE): Promise<Floe> {
  insist(segment > OVERHEAD && segment < INNER, 'malformed', 'segment length out of range')
  const start = concat(new Uint8Array(suite.mark), u32be(segment), u32be(32), iv)
  const root = await suite.macKey(key)
  const tag = await expand(suite, root, start, 'HEADER_TAG:', aad, 32)
  return { header: concat(start, tag), segment, aad, suite, messageKey: await messageKeyOf(suite, root, start, aad), rotation: ROTATION }
}

/** Opens a header: the tag proves the key and the associated data before any segment is read. */
export async function openFloe(key: Bytes, aad: Bytes, header: Bytes, rotation = ROTATION, suite: Suite = FLOE): Promise<Floe> {
  const segment = floeSegment(header, suite)
  const start = header.slice(0, 42)
  const root = await suite.macKey(key)
  const tag = await expand(suite, root, start, 'HEADER_TAG:', aad, 32)
  insist(equal(tag, header.subarray(42)), 'not-authentic', 'header tag does not fit key and context')
  return { header, segment, aad, suite, messageKey: await messageKeyOf(suite, root, start, aad), rotation }
}

/** Takes up a body again with the message key alone (an upload resumed after a closed tab). */
export function resumeFloe(messageKey: MacKey, aad: Bytes, header: Bytes, suite: Suite = FLOE): Floe {
  return { header, segment: floeSegment(header, suite), aad, suite, messageKey, rotation: ROTATION }
}

/** Reads the segment length of a header, refusing another parameter set. */
export function floeSegment(header: Uint8Array, suite: Suite = FLOE): number {
  insist(header.length === FLOE_HEADER_LENGTH, 'malformed', 'FLOE header has 74 bytes')
  const [first, second] = suite.mark
  insist(header[0] === first && header[1] === second && readU32(header, 6) === 32, 'malformed', 'another FLOE suite')
  const segment = readU32(header, 2)
  insist(segment > OVERHEAD && segment < INNER, 'malformed', 'segment length out of range')
  return segment
}

/** Seals one segment; every call draws a new IV, so sealing a segment twice does no harm. */
export async function sealSegment(floe: Floe, position: number, last: boolean, plain: Bytes, iv: Bytes = random(12)): Promise<Bytes> {
  const full = plainSegment(floe.segment)
  insist(last ? plain.length <= full : plain.length === full, 'malformed', 'segment has the wrong length')
  const sealed = await floe.suite.seal(await dataKey(floe, position), iv, segmentAad(position, last), plain)
  return concat(u32be(last ? plain.length + OVERHEAD : INNER), iv, sealed)
}

/** Opens one segment; refuses another position, another end, and trailing or missing bytes. */
export async function openSegment(floe: Floe, position: number, last: boolean, sealed: Bytes): Promise<Bytes> {
  insist(last ? sealed.length >= OVERHEAD && sealed.length <= floe.segment : sealed.length === floe.segment, 'malformed', 'segment has the wrong length')
  insist(readU32(sealed, 0) === (last ? sealed.length : INNER), 'malformed', 'segment length prefix is wrong')
  const key = await dataKey(floe, position)
  try {
    return await floe.suite.open(key, sealed.slice(4, 16), segmentAad(position, last), sealed.slice(16))
  } catch {
    insist(false, 'not-authentic', `segment ${String(position)} is not authentic`)
  }
}

/** Length of a data key's life: positions with equal high bits share one. */
function dataKey({ suite, rotation, messageKey, header, aad }: Floe, position: number): Promise<Bytes> {
  const span = 2 ** rotation
  const epoch = Math.floor(position / span) * span
  return expand(suite, messageKey, header.slice(0, 42), concat(utf8('DEK:'), u64be(epoch)), aad, suite.cipherKey)
}

function segmentAad(position: number, last: boolean): Bytes {
  return concat(u64be(position), new Uint8Array([last ? 1 : 0]))
}

async function messageKeyOf(suite: Suite, root: MacKey, start: Bytes, aad: Bytes): Promise<MacKey> {
  return suite.macKey(await expand(suite, root, start, 'MESSAGE_KEY:', aad, suite.messageKey))
}

/** One block of HKDF-Expand; no output here is longer than that. `start` = parameters ‖ iv. */
async function expand(suite: Suite, key: MacKey, start: Bytes, purpose: string | Bytes, aad: Bytes, length: number): Promise<Bytes> {
  const label = typeof purpose === 'string' ? utf8(purpose) : purpose
  return (await suite.mac(key, concat(start, label, aad, new Uint8Array([1])))).slice(0, length)
}
