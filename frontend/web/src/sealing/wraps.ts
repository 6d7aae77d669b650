/** Secrets wrapped to certificates: HPKE for P-256 keys, RSA-OAEP for RSA keys; each wrap is bound to role, index and context. */
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core'
import { base64, type Bytes, concat, equal, fromBase64, sha256, u16be, utf8 } from './bytes'
import { type Certificate, wrappingKey } from './certificate'
import { Fault, insist } from './faults'

export type Role = 'bidder' | 'custodian'
export type WrapAlgorithm = 'hpke-p256' | 'rsa-oaep'

export type Wrap = {
  readonly role: Role
  readonly i: number
  readonly cert: string
  readonly alg: WrapAlgorithm
  readonly enc?: string
  readonly ct: string
}

/** An HPKE ciphertext on the wire. */
export type Sealed = { readonly enc: string; readonly ct: string }

/** The private half that opens wraps; a hardware key can stand behind it. */
export interface Unwrapper {
  readonly certificate: Certificate
  openHpke(info: Bytes, enc: Bytes, sealed: Bytes): Promise<Bytes>
  openOaep(sealed: Bytes): Promise<Bytes>
}

const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

/** "ebid/1 wrap\0" ‖ role ‖ 0 ‖ u16be(i) ‖ ch. */
export function wrapBinding(role: Role, i: number, ch: Bytes): Bytes {
  return concat(utf8(`ebid/1 wrap\0${role}\0`), u16be(i), ch)
}

/** "ebid/1 release\0" ‖ role ‖ 0 ‖ u16be(i) ‖ ch. */
export function releaseBinding(role: Role, i: number, ch: Bytes): Bytes {
  return concat(utf8(`ebid/1 release\0${role}\0`), u16be(i), ch)
}

export async function wrapSecret(secret: Bytes, role: Role, i: number, ch: Bytes, certificate: Certificate): Promise<Wrap> {
  const bind = wrapBinding(role, i, ch)
  const key = await wrappingKey(certificate)
  const head = { role, i, cert: certificate.fingerprint }
  if (certificate.keyKind === 'ec-p256') return { ...head, alg: 'hpke-p256', ...(await sealHpke(key, bind, secret)) }
  const plain = concat(secret, (await sha256(bind)).subarray(0, 16))
  const ct = await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, key, plain)
  return { ...head, alg: 'rsa-oaep', ct: base64(new Uint8Array(ct)) }
}

/** Opens a wrap addressed to the unwrapper's certificate; refuses another role, index or context. */
export async function unwrapSecret(wrap: Wrap, ch: Bytes, unwrapper: Unwrapper): Promise<Bytes> {
  insist(wrap.cert === unwrapper.certificate.fingerprint, 'not-addressed', 'the wrap is for another certificate')
  const bind = wrapBinding(wrap.role, wrap.i, ch)
  try {
    if (wrap.alg === 'hpke-p256') return await unwrapper.openHpke(bind, fromBase64(wrap.enc ?? ''), fromBase64(wrap.ct))
    return await openedOaep(await unwrapper.openOaep(fromBase64(wrap.ct)), bind)
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('not-authentic', 'the wrap does not open', { cause })
  }
}

/** HPKE base mode to a P-256 public key (an ECDH CryptoKey). */
export async function sealHpke(recipientPublicKey: CryptoKey, info: Bytes, secret: Bytes): Promise<Sealed> {
  const sealed = await suite.seal({ recipientPublicKey, info }, secret)
  return { enc: base64(new Uint8Array(sealed.enc)), ct: base64(new Uint8Array(sealed.ct)) }
}

export async function openHpke(recipientKey: CryptoKeyPair, info: Bytes, enc: Bytes, sealed: Bytes): Promise<Bytes> {
  return new Uint8Array(await suite.open({ recipientKey, info, enc }, sealed))
}

/** Imports an uncompressed P-256 point (65 bytes), the form in which an opening session announces its key. */
export function hpkePublicKey(point: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', point, { name: 'ECDH', namedCurve: 'P-256' }, true, [])
}

async function openedOaep(plain: Bytes, bind: Bytes): Promise<Bytes> {
  const secret = plain.slice(0, -16)
  const proof = (await sha256(bind)).subarray(0, 16)
  insist(plain.length > 16 && equal(plain.subarray(-16), proof), 'not-authentic', 'the wrap was made for another place')
  return secret
}
