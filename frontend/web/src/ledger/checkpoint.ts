/** Signed checkpoints (c2sp.org signed-note, tlog-checkpoint, tlog-cosignature v1), Ed25519. */
import { type Bytes, concat, equal, fromBase64, hex, sha256, u64be, utf8 } from '@/sealing/bytes'
import { Fault, insist } from '@/sealing/faults'

export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Bytes
}

export interface VerifierKey {
  readonly name: string
  /** 32 raw bytes. */
  readonly raw: Bytes
}

export interface NoteSignature {
  readonly name: string
  readonly keyId: Bytes
  readonly signature: Bytes
}

export interface Note {
  /** The signed text with its last line feed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const ED25519 = 1
const COSIGNATURE = 4

/** First four bytes of SHA-256(name ‖ LF ‖ kind ‖ key). */
export async function keyId(key: VerifierKey, kind = ED25519): Promise<Bytes> {
  return (await sha256(utf8(`${key.name}\n`), new Uint8Array([kind]), key.raw)).slice(0, 4)
}

/** Reads `name+id+base64`, the text form of a log's pinned key. */
export const parseVerifierKey = (text: string): Promise<VerifierKey> => parseKey(text, ED25519)

/** The same of a witness's key. */
export const parseWitnessKey = (text: string): Promise<VerifierKey> => parseKey(text, COSIGNATURE)

async function parseKey(text: string, kind: number): Promise<VerifierKey> {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim())
  insist(match !== null, 'malformed', 'not a verifier key')
  const [, name = '', id = '', encoded = ''] = match
  const raw = binary(encoded)
  insist(raw.length === 33 && raw[0] === kind, 'malformed', 'not an Ed25519 key of this kind')
  const key = { name, raw: raw.slice(1) }
  insist(hex(await keyId(key, kind)) === id, 'malformed', 'key does not fit its number')
  return key
}

export function parseNote(note: string): Note {
  const end = note.lastIndexOf('\n\n')
  insist(end >= 0 && note.endsWith('\n'), 'malformed', 'not a signed note')
  const lines = note.slice(end + 2, -1).split('\n')
  return { text: note.slice(0, end + 1), signatures: lines.map(parseLine) }
}

export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', encoded = ''] = text.split('\n')
  const root = binary(encoded)
  insist(origin !== '' && /^(?:0|[1-9]\d{0,15})$/.test(size) && root.length === 32, 'malformed', 'not a checkpoint')
  return { origin, size: Number(size), root }
}

/** The checkpoint of a note that this key signed for its own name. Without Ed25519 in the browser: `not-verifiable`. */
export async function verifyCheckpoint(note: string, key: VerifierKey): Promise<Checkpoint> {
  const parsed = parseNote(note)
  const signature = await signatureOf(parsed, key, ED25519)
  await verifyEd25519(key, signature, utf8(parsed.text))
  const checkpoint = parseCheckpoint(parsed.text)
  insist(checkpoint.origin === key.name, 'not-authentic', 'the checkpoint belongs to another log')
  return checkpoint
}

/** When the witness cosigned the note. */
export async function verifyCosignature(note: string, witness: VerifierKey): Promise<Date> {
  const parsed = parseNote(note)
  const signature = await signatureOf(parsed, witness, COSIGNATURE)
  insist(signature.length === 72, 'malformed', 'a cosignature has 72 bytes')
  const seconds = Number(new DataView(signature.buffer).getBigUint64(0))
  insist(equal(u64be(seconds), signature.subarray(0, 8)), 'malformed', 'instant out of range')
  await verifyEd25519(witness, signature.slice(8), utf8(`cosignature/v1\ntime ${String(seconds)}\n${parsed.text}`))
  return new Date(seconds * 1000)
}

async function signatureOf(note: Note, key: VerifierKey, kind: number): Promise<Bytes> {
  const id = await keyId(key, kind)
  const line = note.signatures.find((item) => item.name === key.name && equal(item.keyId, id))
  insist(line !== undefined, 'not-authentic', 'the note is not signed by this key')
  return line.signature
}

async function verifyEd25519(key: VerifierKey, signature: Bytes, message: Bytes): Promise<void> {
  const imported = await crypto.subtle.importKey('raw', key.raw, 'Ed25519', false, ['verify']).catch((cause: unknown) => {
    throw new Fault('not-verifiable', 'this browser cannot check Ed25519 signatures', { cause })
  })
  insist(await crypto.subtle.verify('Ed25519', imported, signature, message), 'not-authentic', 'the signature does not verify')
}

function parseLine(line: string): NoteSignature {
  const match = /^— (\S+) (\S+)$/.exec(line)
  insist(match !== null, 'malformed', 'not a signature line')
  const raw = concat(binary(match[2] ?? ''))
  insist(raw.length > 4, 'malformed', 'not a signature line')
  return { name: match[1] ?? '', keyId: raw.slice(0, 4), signature: raw.slice(4) }
}

function binary(text: string): Bytes {
  try {
    return fromBase64(text)
  } catch (cause) {
    throw new Fault('malformed', 'not base64', { cause })
  }
}
