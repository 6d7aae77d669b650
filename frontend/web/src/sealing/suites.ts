/**
 * The two suites of sealed objects (docs/sealing.md). Suite 1 is FLOE as published, on WebCrypto. Suite 2, FLOE-SM, is the
 * same construction with SM3 and SM4-GCM: ours, not standard FLOE. What is *named* sha256 stays SHA-256 in both.
 */
import { sm3, sm4 } from 'sm-crypto-v2'
import { boxed, type Boxed, unboxed } from './boxed'
import { type Bytes, concat, fromHex, hkdf, plainBytes, sha256 } from './bytes'
import { Fault, insist } from './faults'

/** A key for FLOE's derivation that no script can read: WebCrypto's own, or bytes boxed under such a one. */
export type MacKey = CryptoKey | Boxed

export interface Suite {
  readonly number: 1 | 2
  /** Every wrap and signature is SM2, and a manifest names its parts by SM3 as well. */
  readonly isSm: boolean
  /** The first two parameter bytes of a FLOE header. */
  readonly mark: readonly [number, number]
  /** Bytes of a message key and of a key of the cipher. */
  readonly messageKey: number
  readonly cipherKey: number
  digest(...parts: readonly Uint8Array[]): Promise<Bytes>
  /** HKDF with this suite's hash. */
  derive(salt: Bytes, secret: Bytes, info: Bytes, length: number): Promise<Bytes>
  macKey(raw: Bytes): Promise<MacKey>
  mac(key: MacKey, message: Bytes): Promise<Bytes>
  /** Ciphertext ‖ tag of 16 bytes. */
  seal(key: Bytes, iv: Bytes, aad: Bytes, plain: Bytes): Promise<Bytes>
  /** Throws for what is not authentic. */
  open(key: Bytes, iv: Bytes, aad: Bytes, sealed: Bytes): Promise<Bytes>
}

const TAG = 16
const HMAC = { name: 'HMAC', hash: 'SHA-384' }

export const FLOE: Suite = {
  number: 1, isSm: false, mark: [0, 0], messageKey: 48, cipherKey: 32,
  digest: sha256,
  derive: hkdf,
  macKey: (raw) => crypto.subtle.importKey('raw', raw, HMAC, false, ['sign']),
  mac: async (key, message) => new Uint8Array(await crypto.subtle.sign('HMAC', webKey(key), message)),
  seal: async (key, iv, additionalData, plain) => new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, await aes(key, 'encrypt'), plain)),
  open: async (key, iv, additionalData, sealed) => new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, await aes(key, 'decrypt'), sealed)),
}

export const FLOE_SM: Suite = {
  number: 2, isSm: true, mark: [0x53, 0x4d], messageKey: 32, cipherKey: 16,
  digest: async (...parts) => sm3Bytes(concat(...parts)),
  derive: async (salt, secret, info, length) => hkdfSm3(salt, secret, info, length),
  macKey: boxed,
  mac: async (key, message) => hmacSm3(await unboxed(boxOf(key)), message),
  seal: async (key, iv, aad, plain) => {
    const { output, tag } = sm4.encrypt(plain, key, { mode: 'gcm', padding: 'none', iv, associatedData: aad, output: 'array', outputTag: true })
    return concat(output, tag ?? new Uint8Array())
  },
  open: async (key, iv, associatedData, sealed) => {
    insist(sealed.length >= TAG, 'not-authentic', 'shorter than its tag')
    // Without `tag` the library would not check it.
    return plainBytes(sm4.decrypt(sealed.slice(0, -TAG), key, { mode: 'gcm', padding: 'none', iv, associatedData, tag: sealed.slice(-TAG), output: 'array' }))
  },
}

const SUITES: ReadonlyMap<unknown, Suite> = new Map([[1, FLOE], [2, FLOE_SM]])

export function suiteOf(number: unknown): Suite {
  const suite = SUITES.get(number)
  if (suite === undefined) throw new Fault('malformed', 'only suites 1 and 2 are known')
  return suite
}

export const sm3Bytes = (bytes: Bytes): Bytes => fromHex(sm3(bytes))
export const sm3Hex = (bytes: Bytes): string => sm3(bytes)

function hmacSm3(key: Bytes, message: Bytes): Bytes {
  return fromHex(sm3(message, { key }))
}

/** RFC 5869 over HMAC-SM3. */
function hkdfSm3(salt: Bytes, secret: Bytes, info: Bytes, length: number): Bytes {
  const root = hmacSm3(salt, secret)
  let block: Bytes = new Uint8Array(0)
  let made: Bytes = new Uint8Array(0)
  for (let i = 1; made.length < length; i++) {
    block = hmacSm3(root, concat(block, info, new Uint8Array([i])))
    made = concat(made, block)
  }
  return made.slice(0, length)
}

function aes(key: Bytes, use: KeyUsage): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', key, 'AES-GCM', false, [use])
}

function webKey(key: MacKey): CryptoKey {
  if ('sealed' in key) throw new Fault('wrong-key', 'a key of the other suite')
  return key
}

function boxOf(key: MacKey): Boxed {
  if ('sealed' in key) return key
  throw new Fault('wrong-key', 'a key of the other suite')
}
