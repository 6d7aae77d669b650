/** Whose signature stands under a certificate or a word on revocation, and what extensions say; by pkijs, SM2 besides. */
import * as pkijs from 'pkijs'
import { type Bytes, hex, plainBytes, sha256Hex } from '@/sealing/bytes'
import { parseCertificate, sm2PointOf } from '@/sealing/certificate'
import { insist } from '@/sealing/faults'
import { verifiesSm2 } from '@/sealing/sm2'
import { Undecided } from './findings'

/** SM2 with SM3. */
export const SM2 = '1.2.156.10197.1.501'
// RSA PKCS #1 v1.5 and ECDSA, with SHA-256, -384, -512.
const JUDGED = new Set(['1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12', '1.2.840.113549.1.1.13', '1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4'])
// The same with MD2, MD5, SHA-1: broken, and nobody's signature.
const BROKEN = new Set(['1.2.840.113549.1.1.2', '1.2.840.113549.1.1.4', '1.2.840.113549.1.1.5', '1.2.840.10045.4.1'])
const RSA = '1.2.840.113549.1.1.1'
export const ID = {
  subjectKey: '2.5.29.14', keyUsage: '2.5.29.15', basic: '2.5.29.19', crlNumber: '2.5.29.20', issuingPoint: '2.5.29.28', nameConstraints: '2.5.29.30',
  crlPoints: '2.5.29.31', policies: '2.5.29.32', policyMappings: '2.5.29.33', authorityKey: '2.5.29.35', policyConstraints: '2.5.29.36', extendedUsage: '2.5.29.37', inhibitAny: '2.5.29.54',
} as const
/** Bits of keyUsage (RFC 5280 4.2.1.3). */
export const USE = { sign: 0, commit: 1, keyEncipher: 2, dataEncipher: 3, agree: 4, certify: 5, list: 6 } as const

/** A certificate with its names for judging: SHA-256 of its DER and of its key's bits by SHA-1. */
export interface Judged {
  readonly der: Bytes
  readonly digest: string
  readonly x509: pkijs.Certificate
}

/** Reads a certificate; throws for what is none. */
export async function readCertificate(der: Bytes): Promise<Judged> {
  return { der, digest: await sha256Hex(der), x509: pkijs.Certificate.fromBER(der) }
}

/** The bytes that somebody signed, and the signature over them. */
export interface Signed {
  readonly algorithm: pkijs.AlgorithmIdentifier
  readonly bytes: Uint8Array
  readonly signature: pkijs.Certificate['signatureValue']
}

/** True where the signature is by the key of `issuer`; `Undecided` for an algorithm that only the command line judges. */
export async function isSignedBy({ algorithm, bytes, signature }: Signed, issuer: Judged): Promise<boolean> {
  const { algorithmId } = algorithm
  if (BROKEN.has(algorithmId)) return false
  if (algorithmId === SM2) {
    const key = await parseCertificate(issuer.der)
    return key.keyKind === 'sm2' && verifiesSm2(sm2PointOf(key), plainBytes(bytes), plainBytes(signature.valueBlock.valueHexView))
  }
  if (!JUDGED.has(algorithmId)) throw new Undecided('beyond-page')
  const engine = pkijs.getCrypto(true)
  insist(engine, 'not-verifiable', 'no crypto engine')
  return engine.verifyWithPublicKey(plainBytes(bytes), signature, issuer.x509.subjectPublicKeyInfo, algorithm).catch(() => false)
}

export function isIssuedBy({ x509 }: Judged, issuer: Judged): Promise<boolean> {
  return isSignedBy({ algorithm: x509.signatureAlgorithm, bytes: x509.tbsView, signature: x509.signatureValue }, issuer)
}

/** Likewise by any algorithm that pkijs knows, broken ones too: that nobody altered it since, not that it counts. */
export function isUnaltered(found: Judged, issuer: Judged): Promise<boolean> {
  return found.x509.signatureAlgorithm.algorithmId === SM2 ? isIssuedBy(found, issuer) : found.x509.verify(issuer.x509).catch(() => false)
}

/** The parsed value of an extension; undefined where it is absent. */
export function extension<T>(x509: pkijs.Certificate, id: string): T | undefined {
  return x509.extensions?.find((each) => each.extnID === id)?.parsedValue as T | undefined
}

export function isAuthority(x509: pkijs.Certificate): boolean {
  return extension<pkijs.BasicConstraints>(x509, ID.basic)?.cA ?? false
}

/** Whether one of the uses is granted; null where the certificate says nothing of its use. */
export function grants(x509: pkijs.Certificate, ...uses: readonly number[]): boolean | null {
  const found = extension<{ valueBlock: { valueHexView: Uint8Array } }>(x509, ID.keyUsage)
  if (found === undefined) return null
  const bits = found.valueBlock.valueHexView
  return uses.some((bit) => ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
}

/** Bits of an RSA key; null for another kind. */
export function rsaBits(x509: pkijs.Certificate): number | null {
  const info = x509.subjectPublicKeyInfo
  if (info.algorithm.algorithmId !== RSA) return null
  const modulus = (info.parsedKey as pkijs.RSAPublicKey).modulus.valueBlock.valueHexView
  const first = modulus.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24
}

/** Hex of an integer without what pads it. */
export function serialOf(number: { valueBlock: { valueHexView: Uint8Array } }): string {
  return hex(number.valueBlock.valueHexView).replace(/^(?:00)+(?=.)/, '')
}
