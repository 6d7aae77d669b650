/** Byte strings backed by a plain ArrayBuffer, as WebCrypto and Blob want them. */
export type Bytes = Uint8Array<ArrayBuffer>

const encoder = new TextEncoder()

export function utf8(text: string): Bytes {
  return new Uint8Array(encoder.encode(text))
}

/** UTF-8 to text; refuses malformed bytes and keeps a byte order mark visible. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] ?? 0)
  return difference === 0
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Lower-case hex only, so that one value has one spelling. */
export function fromHex(text: string): Bytes {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new TypeError('not lower-case hex')
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** Standard base64 with padding. */
export function base64(bytes: Uint8Array): string {
  let binary = ''
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(binary)
}

/** Refuses every spelling but the one `base64` gives (white space, missing padding, stray low bits). */
export function fromBase64(text: string): Bytes {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  if (base64(bytes) !== text) throw new TypeError('not canonical base64')
  return bytes
}

export function u16be(value: number): Bytes {
  return integer(2, (view) => view.setUint16(0, value))
}

export function u32be(value: number): Bytes {
  return integer(4, (view) => view.setUint32(0, value))
}

export function u64be(value: number): Bytes {
  return integer(8, (view) => view.setBigUint64(0, BigInt(value)))
}

function integer(length: number, write: (view: DataView) => void): Bytes {
  const bytes = new Uint8Array(length)
  write(new DataView(bytes.buffer))
  return bytes
}

/** Reads 32 big-endian bits at `at`. */
export function readU32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at)
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length))
}

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', plain(parts)))
}

export async function sha256Hex(...parts: readonly Uint8Array[]): Promise<string> {
  return hex(await sha256(...parts))
}

/** HKDF-SHA256 (RFC 5869); returns `length` bytes. */
export async function hkdf(salt: Bytes, secret: Bytes, info: Bytes, length: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, length * 8))
}

/** The same bytes over a plain ArrayBuffer; copies only when it must. */
export function plainBytes(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : new Uint8Array(bytes)
}

function plain(parts: readonly Uint8Array[]): Bytes {
  return parts.length === 1 ? plainBytes(parts[0] as Uint8Array) : concat(...parts)
}
