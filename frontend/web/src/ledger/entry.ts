/** Ledger entries and sealed acts: canonical bytes, leaf, salted payload digest. */
import { fromHex, hex, sha256Hex, utf8 } from '@/sealing/bytes'
import { canonicalText, isObject, type Json, type JsonObject, parseCanonicalObject } from '@/sealing/canonical'
import { Fault, insist } from '@/sealing/faults'
import { leafHash } from './merkle'

export const ZERO_HASH = '0'.repeat(64)

export type Entry = {
  readonly v: 1
  readonly log: string
  readonly seq: number
  /** RFC 3339 UTC with six decimals. */
  readonly ts: string
  readonly actor: string
  readonly action: string
  readonly stream: string
  readonly subject: string
  readonly payload_sha256: string
  readonly prev: string
  readonly stream_prev: string
}

export type SealedHead = {
  readonly v: 1
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly stream: string
  readonly subject: string
  readonly payload_sha256: string
  readonly salt: string
}

const ENTRY = ['action', 'actor', 'log', 'payload_sha256', 'prev', 'seq', 'stream', 'stream_prev', 'subject', 'ts', 'v']
const SEALED = ['action', 'actor', 'at', 'payload_sha256', 'salt', 'stream', 'subject', 'v']
const HASH = /^[0-9a-f]{64}$/
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

/** The entry of its canonical text; refuses any other bytes. */
export function readEntry(text: string): Entry {
  const value = headOf(text, ENTRY)
  insist(Number.isSafeInteger(value.seq) && (value.seq as number) >= 0, 'broken-chain', 'entry without a number')
  insist([value.payload_sha256, value.prev, value.stream_prev].every(isHash), 'broken-chain', 'entry with a bad hash')
  insist(typeof value.ts === 'string' && INSTANT.test(value.ts), 'broken-chain', 'entry with a bad instant')
  return value as Entry
}

export function readSealedHead(text: string): SealedHead {
  const value = headOf(text, SEALED)
  insist(isHash(value.payload_sha256) && typeof value.salt === 'string', 'broken-chain', 'sealed act with a bad hash')
  return value as SealedHead
}

/** Leaf of an entry or act, lower-case hex. */
export async function leafOf(text: string): Promise<string> {
  return hex(await leafHash(utf8(text)))
}

/** SHA-256(JCS({"payload": …, "salt": hex})). */
export function payloadDigest(payload: Json, salt: string): Promise<string> {
  return sha256Hex(utf8(canonicalText({ payload, salt })))
}

/** Refuses a payload that is not the one digested; false when none was given to this reader. */
export async function checkPayload(given: { readonly payload?: Json; readonly salt?: string | null }, digest: string): Promise<boolean> {
  if ((given.payload ?? null) === null && (given.salt ?? null) === null) return false
  insist(given.payload !== undefined && given.payload !== null && typeof given.salt === 'string', 'broken-chain', 'payload and salt come together')
  insist((await payloadDigest(given.payload, given.salt)) === digest, 'broken-chain', 'payload differs from its digest')
  return true
}

export function hashOf(text: unknown): Uint8Array<ArrayBuffer> {
  insist(isHash(text), 'broken-chain', 'not a hash')
  return fromHex(text)
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value)
}

function headOf(text: string, keys: readonly string[]): JsonObject {
  let value: JsonObject
  try {
    value = parseCanonicalObject(text)
  } catch (cause) {
    throw new Fault('broken-chain', 'not canonical bytes', { cause })
  }
  insist(isObject(value) && Object.keys(value).sort().join() === keys.join() && value.v === 1, 'broken-chain', 'another form or version')
  insist(['action', 'actor', 'stream', 'subject'].every((key) => typeof value[key] === 'string'), 'broken-chain', 'another form')
  return value
}
