/** Signatures by a certificate's key: ECDSA P-256 (DER on the wire) or RSASSA-PKCS1-v1_5, both over SHA-256; SM2 over SM3. */
import { type Bytes, concat, fromHex, plainBytes, utf8 } from './bytes'
import { type Certificate, sm2PointOf, verifyingKey } from './certificate'
import { children, derOf, readDer } from './der'
import { insist } from './faults'
import { verifiesSm2 } from './sm2'

/** What a signer must bring; a USB key or a mobile certificate can stand behind it as well as a file. */
export interface Signer {
  readonly certificate: Certificate
  sign(message: Bytes): Promise<Bytes>
}

export interface LoginChallenge {
  readonly origin: string
  /** 64 hex digits or 32 raw bytes. */
  readonly nonce: string | Bytes
  /** RFC 3339, exactly as the server wrote it. */
  readonly expiresAt: string
}

/**
 * "ebid/1 login\0" ‖ origin ‖ 0 ‖ nonce(32) ‖ 0 ‖ expiry ‖ 0 ‖ certificate digest(32), and ‖ 0 ‖ digest of the encryption
 * certificate where it is shown along: never bytes the server chose.
 */
export function loginMessage(challenge: LoginChallenge, certificate: Certificate, encryption: Certificate | null = null): Bytes {
  const nonce = typeof challenge.nonce === 'string' ? fromHex(challenge.nonce) : challenge.nonce
  insist(nonce.length === 32, 'malformed', 'a login nonce has 32 bytes')
  const digest = (of: Certificate) => fromHex(of.fingerprint.replace(/^sha256:/, ''))
  const zero = new Uint8Array(1)
  const shown = encryption === null ? [] : [zero, digest(encryption)]
  return concat(utf8('ebid/1 login\0'), utf8(challenge.origin), zero, nonce, zero, utf8(challenge.expiresAt), zero, digest(certificate), ...shown)
}

export function signLogin(signer: Signer, challenge: LoginChallenge, encryption: Certificate | null = null): Promise<Bytes> {
  return signer.sign(loginMessage(challenge, signer.certificate, encryption))
}

/** Signs any document's bytes as they are (an opening record, a withdrawal, the attributes of a PDF signature). */
export function signDocument(signer: Signer, document: Bytes): Promise<Bytes> {
  return signer.sign(document)
}

/** Signs with a private CryptoKey of either kind; ECDSA comes out as DER. */
export async function signWith(key: CryptoKey, message: Bytes): Promise<Bytes> {
  const signature = new Uint8Array(await crypto.subtle.sign(scheme(key), key, message))
  return key.algorithm.name === 'ECDSA' ? derOfRaw(signature) : signature
}

/** True when `signature` (DER for ECDSA) over `message` is by the certificate's key. */
export async function signedBy(certificate: Certificate, message: Bytes, signature: Bytes): Promise<boolean> {
  if (certificate.keyKind === 'sm2') return certificate.signs && verifiesSm2(sm2PointOf(certificate), message, signature)
  const key = await verifyingKey(certificate)
  const raw = key.algorithm.name === 'ECDSA' ? rawOfDer(signature) : signature
  return raw !== null && crypto.subtle.verify(scheme(key), key, raw, message)
}

/** r ‖ s (64 bytes) to the DER SEQUENCE of two INTEGERs. */
export function derOfRaw(raw: Bytes): Bytes {
  insist(raw.length === 64, 'malformed', 'a P-256 signature has 64 bytes')
  return derOf(0x30, derInteger(raw.slice(0, 32)), derInteger(raw.slice(32)))
}

/** DER to r ‖ s; null when it is not the DER of two integers of at most 32 bytes. */
export function rawOfDer(der: Bytes): Bytes | null {
  try {
    const numbers = children(readDer(der)).map((node) => ({ tag: node.tag, body: trimmed(node.body) }))
    const fits = numbers.length === 2 && numbers.every(({ tag, body }) => tag === 0x02 && body.length <= 32)
    if (!fits) return null
    const raw = new Uint8Array(64)
    for (const [i, { body }] of numbers.entries()) raw.set(body, 32 * (i + 1) - body.length)
    return raw
  } catch {
    return null
  }
}

function scheme(key: CryptoKey): AlgorithmIdentifier | EcdsaParams {
  return key.algorithm.name === 'ECDSA' ? { name: 'ECDSA', hash: 'SHA-256' } : { name: key.algorithm.name }
}

function derInteger(value: Bytes): Bytes {
  const digits = trimmed(value)
  const leads = (digits[0] ?? 0x80) >= 0x80
  return derOf(0x02, leads ? new Uint8Array(1) : new Uint8Array(0), digits)
}

function trimmed(value: Bytes): Bytes {
  const first = value.findIndex((byte) => byte !== 0)
  return plainBytes(first < 0 ? new Uint8Array(0) : value.slice(first))
}

/** Signs one's own announced row: "ebid/1 confirm\0" ‖ the 32 bytes of `rowDigest` (hex). */
export function signConfirmation(signer: Signer, rowDigest: string): Promise<Bytes> {
  const digest = fromHex(rowDigest)
  insist(digest.length === 32, 'malformed', 'a row digest has 32 bytes')
  return signer.sign(concat(utf8('ebid/1 confirm\0'), digest))
}
