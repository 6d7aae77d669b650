import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bytes, fromBase64, fromHex } from '@/sealing/bytes'
import type { Certificate, KeyKind } from '@/sealing/certificate'
import { decryptSm2, sm2KeyOf, sm2Point } from '@/sealing/sm2'
import type { Locked, Unwrapper } from '@/sealing/wraps'
import { openHpke } from '@/sealing/wraps'

const FOLDER = join(import.meta.dirname, '../../../tests/vectors/')

export function vector<T>(name: string): T {
  return JSON.parse(readFileSync(FOLDER + name, 'utf8')) as T
}

export function hexFile(name: string): Bytes {
  return fromHex(readFileSync(FOLDER + name, 'utf8').trim().toLowerCase())
}

export function namesIn(folder: string): string[] {
  return readdirSync(FOLDER + folder)
}

export interface KeyVector {
  pkcs8: string
  spki: string
}

/** The vectors name a key by the digest of its SPKI. */
export function nameOf(key: KeyVector): string {
  return `sha256:${createHash('sha256').update(Buffer.from(key.spki, 'base64')).digest('hex')}`
}

/** A certificate as far as wraps and signatures look at it: the vectors have bare keys. */
export function standIn(key: KeyVector): Certificate {
  const spki = fromBase64(key.spki)
  const keyKind: KeyKind = sm2Point(spki) !== null ? 'sm2' : spki.length < 100 ? 'ec-p256' : 'rsa'
  const never = new Date(0)
  return { der: spki, fingerprint: nameOf(key), serial: '', subject: {}, issuer: {}, notBefore: never, notAfter: never, keyKind, signs: true, takesSeals: true, spki }
}

export async function unwrapperOf(key: KeyVector): Promise<Unwrapper> {
  const certificate = standIn(key)
  const pkcs8 = fromBase64(key.pkcs8)
  const ec = { name: 'ECDH', namedCurve: 'P-256' }
  const rsa = { name: 'RSA-OAEP', hash: 'SHA-256' }
  const sm2 = sm2KeyOf(pkcs8)
  if (sm2 !== null) return { encryption: certificate, unwrap: (locked) => Promise.resolve(locked.map(({ ct }) => decryptSm2(sm2, ct))) }
  const isEc = certificate.keyKind === 'ec-p256'
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, isEc ? ec : rsa, false, [isEc ? 'deriveBits' : 'decrypt'])
  const publicKey = await crypto.subtle.importKey('spki', certificate.spki, isEc ? ec : rsa, true, isEc ? [] : ['encrypt'])
  const open = async ({ alg, info, enc, ct }: Locked): Promise<Bytes> =>
    alg === 'hpke-p256' ? openHpke({ privateKey, publicKey }, info, enc, ct) : new Uint8Array(await crypto.subtle.decrypt({ name: 'RSA-OAEP' }, privateKey, ct))
  return { encryption: certificate, unwrap: (locked) => Promise.all(locked.map((item) => open(item).catch(() => null))) }
}

/** byte j = (31 j + 7) mod 251 */
export function plaintext(size: number): Bytes {
  return Uint8Array.from({ length: size }, (_, j) => (31 * j + 7) % 251)
}

/** The nonce of segment i: (12 i + j) mod 256. */
export function nonce(i: number): Bytes {
  return Uint8Array.from({ length: 12 }, (_, j) => (12 * i + j) % 256)
}
