/** X.509 certificates, read as far as sealing and showing them needs; trust is the platform's trust list, not decided here. */
import { type Bytes, base64, equal, fromBase64, hex, sha256Hex } from './bytes'
import { childAt, children, type DerNode, oidOf, readDer, stringOf, timeOf } from './der'
import { Fault, insist } from './faults'

export type KeyKind = 'ec-p256' | 'rsa' | 'other'

export interface Certificate {
  readonly der: Bytes
  /** "sha256:" and 64 hex digits over the DER. */
  readonly fingerprint: string
  /** Lower-case hex without leading zeros of padding. */
  readonly serial: string
  readonly subject: Readonly<Record<string, string>>
  readonly issuer: Readonly<Record<string, string>>
  readonly notBefore: Date
  readonly notAfter: Date
  readonly keyKind: KeyKind
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Bytes
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.97': 'organizationIdentifier',
}
const RSA = '1.2.840.113549.1.1.1'
const EC = '1.2.840.10045.2.1'
const P256 = '1.2.840.10045.3.1.7'

/** Reads one certificate from DER, or from PEM text (the first block). */
export async function parseCertificate(source: Uint8Array | string): Promise<Certificate> {
  const outer = readDer(typeof source === 'string' ? derOfPem(source) : source)
  const fields = children(childAt(outer, 0))
  const at = fields[0]?.tag === 0xa0 ? 1 : 0
  const [serial, , issuer, validity, subject, spki] = fields.slice(at)
  insist(serial && issuer && validity && subject && spki, 'malformed', 'not a certificate')
  return {
    der: outer.raw,
    fingerprint: `sha256:${await sha256Hex(outer.raw)}`,
    serial: hex(serial.body).replace(/^(?:00)+(?=.)/, ''),
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    notBefore: timeOf(childAt(validity, 0)),
    notAfter: timeOf(childAt(validity, 1)),
    keyKind: keyKindOf(spki),
    spki: spki.raw,
  }
}

/** All certificates of a PEM text, in order. */
export function derBlocks(pem: string): Bytes[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)
  return Array.from(blocks, (block) => fromBase64((block[1] ?? '').replace(/\s/g, '')))
}

export function pemOf(certificate: Certificate): string {
  const lines = base64(certificate.der).match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** The public key for checking signatures (ECDSA P-256 or RSASSA-PKCS1-v1_5, both with SHA-256). */
export function verifyingKey(certificate: Certificate): Promise<CryptoKey> {
  if (certificate.keyKind === 'ec-p256') return spkiKey(certificate, { name: 'ECDSA', namedCurve: 'P-256' }, ['verify'])
  if (certificate.keyKind === 'rsa') return spkiKey(certificate, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, ['verify'])
  throw new Fault('unsupported-key', 'certificate key is neither P-256 nor RSA')
}

/** The public key for wrapping secrets (ECDH P-256 for HPKE, or RSA-OAEP with SHA-256). */
export function wrappingKey(certificate: Certificate): Promise<CryptoKey> {
  if (certificate.keyKind === 'ec-p256') return spkiKey(certificate, { name: 'ECDH', namedCurve: 'P-256' }, [])
  if (certificate.keyKind === 'rsa') return spkiKey(certificate, { name: 'RSA-OAEP', hash: 'SHA-256' }, ['encrypt'])
  throw new Fault('unsupported-key', 'certificate key is neither P-256 nor RSA')
}

export function sameCertificate(a: Certificate, b: Certificate): boolean {
  return equal(a.der, b.der)
}

function spkiKey(certificate: Certificate, algorithm: EcKeyImportParams | RsaHashedImportParams, usages: KeyUsage[]): Promise<CryptoKey> {
  return crypto.subtle.importKey('spki', certificate.spki, algorithm, true, usages)
}

function derOfPem(pem: string): Bytes {
  const [first] = derBlocks(pem)
  insist(first !== undefined, 'malformed', 'no certificate in this PEM text')
  return first
}

function nameOf(name: DerNode): Record<string, string> {
  const pairs = children(name).flatMap(children).map((attribute): [string, string] => {
    const oid = oidOf(childAt(attribute, 0))
    return [ATTRIBUTES[oid] ?? oid, stringOf(childAt(attribute, 1))]
  })
  return Object.fromEntries(pairs)
}

function keyKindOf(spki: DerNode): KeyKind {
  const algorithm = children(childAt(spki, 0))
  const oid = algorithm[0] === undefined ? '' : oidOf(algorithm[0])
  if (oid === RSA) return 'rsa'
  const curve = algorithm[1]
  return oid === EC && curve?.tag === 0x06 && oidOf(curve) === P256 ? 'ec-p256' : 'other'
}
