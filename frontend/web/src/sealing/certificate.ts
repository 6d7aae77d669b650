/** X.509 certificates, read as far as sealing and showing them needs; trust is the platform's trust list, not decided here. */
import { type Bytes, base64, equal, fromBase64, hex, sha256Hex } from './bytes'
import { canonicalText } from './canonical'
import { childAt, children, type DerNode, oidOf, readDer, stringOf, timeOf } from './der'
import { Fault, insist } from './faults'
import { SM2_CURVE, sm2Point } from './sm2'

export type KeyKind = 'ec-p256' | 'rsa' | 'sm2' | 'other'

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
  /** For SM2: whether its key usage lets it sign, and take secrets; a half of a dual pair does one of them. */
  readonly signs: boolean
  readonly takesSeals: boolean
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
const KEY_USAGE = '2.5.29.15'

/** Reads one certificate from DER, or from PEM text (the first block). */
export async function parseCertificate(source: Uint8Array | string): Promise<Certificate> {
  const outer = readDer(typeof source === 'string' ? derOfPem(source) : source)
  const fields = children(childAt(outer, 0))
  const at = fields[0]?.tag === 0xa0 ? 1 : 0
  const [serial, , issuer, validity, subject, spki] = fields.slice(at)
  insist(serial && issuer && validity && subject && spki, 'malformed', 'not a certificate')
  const keyKind = keyKindOf(spki)
  const usage = keyUsageOf(fields.find((field) => field.tag === 0xa3))
  const uses = (bit: number): boolean => ((usage[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0
  return {
    der: outer.raw,
    fingerprint: `sha256:${await sha256Hex(outer.raw)}`,
    serial: hex(serial.body).replace(/^(?:00)+(?=.)/, ''),
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    notBefore: timeOf(childAt(validity, 0)),
    notAfter: timeOf(childAt(validity, 1)),
    keyKind,
    signs: keyKind !== 'sm2' || uses(0) || uses(1),
    takesSeals: keyKind !== 'sm2' || uses(2) || uses(3) || uses(4),
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

/** The point of an SM2 certificate's key. */
export function sm2PointOf(certificate: Certificate): Bytes {
  const point = sm2Point(certificate.spki)
  insist(point !== null, 'unsupported-key', 'not an SM2 certificate')
  return point
}

/** Both halves of one holder's pair: the same subject and issuer, one to sign with, one to seal to. */
export function isPair(signing: Certificate, encryption: Certificate): boolean {
  const same = canonicalText(signing.subject) === canonicalText(encryption.subject) && canonicalText(signing.issuer) === canonicalText(encryption.issuer)
  return same && signing.keyKind === 'sm2' && encryption.keyKind === 'sm2' && signing.signs && encryption.takesSeals && !encryption.signs
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
  if (oid === EC && curve?.tag === 0x06 && oidOf(curve) === SM2_CURVE) return sm2Point(spki.raw) === null ? 'other' : 'sm2'
  return oid === EC && curve?.tag === 0x06 && oidOf(curve) === P256 ? 'ec-p256' : 'other'
}

/** The bits of keyUsage (RFC 5280 4.2.1.3); none where the extension is missing. */
function keyUsageOf(extensions: DerNode | undefined): Bytes {
  const found = extensions === undefined ? [] : children(childAt(extensions, 0)).map(children)
  const [usage] = found.filter(([oid]) => oid !== undefined && oidOf(oid) === KEY_USAGE)
  const value = usage?.at(-1)
  return value === undefined ? new Uint8Array(0) : readDer(value.body).body.slice(1)
}
