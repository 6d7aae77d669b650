/** Secrets wrapped to certificates: HPKE for P-256 keys, RSA-OAEP for RSA keys, SM2 for SM2 keys; each wrap is bound to role, index and context. */
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core'
import { base64, type Bytes, concat, equal, fromBase64, u16be, utf8 } from './bytes'
import { type Certificate, sm2PointOf, wrappingKey } from './certificate'
import { Fault, insist } from './faults'
import { encryptSm2 } from './sm2'
import { FLOE, type Suite } from './suites'

export type Role = 'bidder' | 'custodian'
export type WrapAlgorithm = 'hpke-p256' | 'rsa-oaep' | 'sm2'

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

/** A ciphertext to open. `info` is what it is bound to, also where the algorithm itself cannot hold it. */
export type Locked = { readonly alg: WrapAlgorithm; readonly info: Bytes; readonly enc: Bytes; readonly ct: Bytes }

/** The private half that opens wraps: in a file, on a USB key, in a telephone. One that is out of reach throws: what is not the
 * wrap's own fault must never look like a wrap that does not open, for a custodian complains of that. */
export interface Unwrapper {
  /** The certificate to which secrets are wrapped for this holder; of a dual pair the encryption one. */
  readonly encryption: Certificate
  /** What each ciphertext holds, in order; null for what does not open. One call is one confirmation by the holder. */
  unwrap(locked: readonly Locked[]): Promise<readonly (Bytes | null)[]>
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

export async function wrapSecret(secret: Bytes, role: Role, i: number, ch: Bytes, certificate: Certificate, suite: Suite = FLOE): Promise<Wrap> {
  const bind = wrapBinding(role, i, ch)
  insist(certificate.takesSeals, 'unsupported-key', 'a signing certificate takes no secrets')
  const head = { role, i, cert: certificate.fingerprint }
  if (certificate.keyKind === 'sm2') return { ...head, alg: 'sm2', ct: base64(encryptSm2(sm2PointOf(certificate), await marked(secret, bind, suite))) }
  const key = await wrappingKey(certificate)
  if (certificate.keyKind === 'ec-p256') return { ...head, alg: 'hpke-p256', ...(await sealHpke(key, bind, secret)) }
  const ct = await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, key, await marked(secret, bind, FLOE))
  return { ...head, alg: 'rsa-oaep', ct: base64(new Uint8Array(ct)) }
}

export interface Addressed {
  readonly wrap: Wrap
  readonly ch: Bytes
  readonly suite?: Suite
}

/** Opens a wrap addressed to the unwrapper's certificate; refuses another role, index or context. */
export async function unwrapSecret(wrap: Wrap, ch: Bytes, unwrapper: Unwrapper, suite: Suite = FLOE): Promise<Bytes> {
  const [secret] = await unwrapSecrets([{ wrap, ch, suite }], unwrapper)
  if (secret instanceof Uint8Array) return secret
  throw secret ?? new Fault('not-authentic', 'the wrap does not open')
}

/** Opens many in one act of their holder; for each its secret, or why it is refused. */
export async function unwrapSecrets(items: readonly Addressed[], unwrapper: Unwrapper): Promise<(Bytes | Fault)[]> {
  const mine = items.map(({ wrap }) => wrap.cert === unwrapper.encryption.fingerprint)
  const locked = items.map(({ wrap, ch }) => ({ alg: wrap.alg, info: wrapBinding(wrap.role, wrap.i, ch), enc: fromBase64(wrap.enc ?? ''), ct: fromBase64(wrap.ct) }))
  const asked = locked.filter((_, at) => mine[at])
  const opened = asked.length === 0 ? [] : [...(await unwrapper.unwrap(asked))]
  return Promise.all(locked.map(async (item, at) => {
    if (!mine[at]) return new Fault('not-addressed', 'the wrap is for another certificate')
    const plain = opened.shift() ?? null
    return plain === null ? new Fault('not-authentic', 'the wrap does not open') : unmarked(item, plain, items[at]?.suite ?? FLOE)
  }))
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

/** 16 bytes of a digest of the binding, after the secret: the place of a wrap whose algorithm has no label. */
async function marked(secret: Bytes, bind: Bytes, suite: Suite): Promise<Bytes> {
  return concat(secret, (await suite.digest(bind)).subarray(0, 16))
}

/** The secret without the mark of its place, which only HPKE needs none of. RSA serves in suite 1 alone. */
async function unmarked({ alg, info }: Locked, plain: Bytes, suite: Suite): Promise<Bytes | Fault> {
  if (alg === 'hpke-p256') return plain
  const proof = (await suite.digest(info)).subarray(0, 16)
  const held = plain.length > 16 && equal(plain.subarray(-16), proof)
  return held ? plain.slice(0, -16) : new Fault('not-authentic', 'the wrap was made for another place')
}

/** Re-wraps a secret to the key of an opening session: HPKE in suite 1, SM2 in suite 2 (`enc` empty). */
export async function sealRelease(sessionPoint: Bytes, info: Bytes, secret: Bytes, suite: Suite): Promise<Sealed> {
  if (suite.isSm) return { enc: '', ct: base64(encryptSm2(sessionPoint, await marked(secret, info, suite))) }
  return sealHpke(await hpkePublicKey(sessionPoint), info, secret)
}
