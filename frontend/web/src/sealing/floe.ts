/** FLOE (c2sp.org/FLOE) with AES-256-GCM and HKDF-Expand-SHA-384: a body sealed in segments that can be read in any order. */
import { type Bytes, concat, equal, random, readU32, u32be, u64be, utf8 } from './bytes'
import { insist } from './faults'

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
  readonly messageKey: CryptoKey
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
export async function startFloe(key: Bytes, aad: Bytes, segment: number, iv: Bytes = random(32)): Promise<Floe> {
  insist(segment > OVERHEAD && segment < INNER, 'malformed', 'segment length out of range')
  const start = concat(new Uint8Array(2), u32be(segment), u32be(32), iv)
  const root = await hmacKey(key)
  const tag = await expand(root, start, 'HEADER_TAG:', aad, 32)
  return { header: concat(start, tag), segment, aad, messageKey: await messageKeyOf(root, start, aad), rotation: ROTATION }
}

/** Opens a header: the tag proves the key and the associated data before any segment is read. */
export async function openFloe(key: Bytes, aad: Bytes, header: Bytes, rotation = ROTATION): Promise<Floe> {
  const segment = floeSegment(header)
  const start = header.slice(0, 42)
  const root = await hmacKey(key)
  const tag = await expand(root, start, 'HEADER_TAG:', aad, 32)
  insist(equal(tag, header.subarray(42)), 'not-authentic', 'header tag does not fit key and context')
  return { header, segment, aad, messageKey: await messageKeyOf(root, start, aad), rotation }
}

/** Takes up a body again with the message key alone (an upload resumed after a closed tab). */
export function resumeFloe(messageKey: CryptoKey, aad: Bytes, header: Bytes): Floe {
  return { header, segment: floeSegment(header), aad, messageKey, rotation: ROTATION }
}

/** Reads the segment length of a header, refusing another parameter set. */
export function floeSegment(header: Uint8Array): number {
  insist(header.length === FLOE_HEADER_LENGTH, 'malformed', 'FLOE header has 74 bytes')
  insist(header[0] === 0 && header[1] === 0 && readU32(header, 6) === 32, 'malformed', 'another FLOE suite')
  const segment = readU32(header, 2)
  insist(segment > OVERHEAD && segment < INNER, 'malformed', 'segment length out of range')
  return segment
}

/** Seals one segment; every call draws a new IV, so sealing a segment twice does no harm. */
export async function sealSegment(floe: Floe, position: number, last: boolean, plain: Bytes, iv: Bytes = random(12)): Promise<Bytes> {
  const full = plainSegment(floe.segment)
  insist(last ? plain.length <= full : plain.length === full, 'malformed', 'segment has the wrong length')
  const key = await dataKey(floe, position, 'encrypt')
  const sealed = await crypto.subtle.encrypt(gcm(iv, segmentAad(position, last)), key, plain)
  return concat(u32be(last ? plain.length + OVERHEAD : INNER), iv, new Uint8Array(sealed))
}

/** Opens one segment; refuses another position, another end, and trailing or missing bytes. */
export async function openSegment(floe: Floe, position: number, last: boolean, sealed: Bytes): Promise<Bytes> {
  insist(last ? sealed.length >= OVERHEAD && sealed.length <= floe.segment : sealed.length === floe.segment, 'malformed', 'segment has the wrong length')
  insist(readU32(sealed, 0) === (last ? sealed.length : INNER), 'malformed', 'segment length prefix is wrong')
  const key = await dataKey(floe, position, 'decrypt')
  try {
    const plain = await crypto.subtle.decrypt(gcm(sealed.slice(4, 16), segmentAad(position, last)), key, sealed.subarray(16))
    return new Uint8Array(plain)
  } catch {
    insist(false, 'not-authentic', `segment ${String(position)} is not authentic`)
  }
}

/** Length of a data key's life: positions with equal high bits share one. */
async function dataKey(floe: Floe, position: number, usage: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  const span = 2 ** floe.rotation
  const epoch = Math.floor(position / span) * span
  const raw = await expand(floe.messageKey, floe.header.slice(0, 42), concat(utf8('DEK:'), u64be(epoch)), floe.aad, 32)
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, [usage])
}

function segmentAad(position: number, last: boolean): Bytes {
  return concat(u64be(position), new Uint8Array([last ? 1 : 0]))
}

function gcm(iv: Bytes, additionalData: Bytes): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData, tagLength: 128 }
}

async function messageKeyOf(root: CryptoKey, start: Bytes, aad: Bytes): Promise<CryptoKey> {
  return hmacKey(await expand(root, start, 'MESSAGE_KEY:', aad, 48))
}

function hmacKey(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-384' }, false, ['sign'])
}

/** One block of HKDF-Expand-SHA-384; no output here is longer than 48 bytes. `start` = parameters ‖ iv. */
async function expand(key: CryptoKey, start: Bytes, purpose: string | Bytes, aad: Bytes, length: number): Promise<Bytes> {
  const label = typeof purpose === 'string' ? utf8(purpose) : purpose
  const block = await crypto.subtle.sign('HMAC', key, concat(start, label, aad, new Uint8Array([1])))
  return new Uint8Array(block).slice(0, length)
}
