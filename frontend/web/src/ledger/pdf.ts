/** The signatures in a PDF, as far as a page can judge them: who signed which bytes, and whether those bytes still stand. */
import * as pkijs from 'pkijs'
import { type Bytes, concat, equal, fromHex, sha256 } from '@/sealing/bytes'
import { type Certificate, parseCertificate } from '@/sealing/certificate'
import { Fault, insist } from '@/sealing/faults'
import { signedBy } from '@/sealing/signer'
import { sm3Bytes } from '@/sealing/suites'
import { readTimestampOver } from '@/sealing/timestamp'
import { certificatesIn, claimedIn, type Range, type Revocation, revocationOf, stampIn, wordsIn } from './pdfEvidence'
import { issuedBy, SM2, SM3 } from './smChain'

const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const TST_INFO = '1.2.840.113549.1.9.16.1.4'

export interface PdfSignature {
  readonly kind: 'signature' | 'timestamp'
  /** Organisation or common name in the signer's certificate, as the certificate itself says. */
  readonly signer: string
  /** The bytes signed are unchanged, and the key of that certificate signed them. */
  readonly isIntact: boolean
  /** The certificate leads to a root of the platform. Of others nothing is said here. */
  readonly isPlatform: boolean
  /** Bytes of the file from its beginning that this signature covers. */
  readonly covers: number
  /** Of the trusted time stamp: over the signature, or of the document itself; null without one. */
  readonly stampedAt: Date | null
  /** Who stamped. */
  readonly authority: string
  /** What the signer's own clock said; nobody vouches for it. */
  readonly claimedAt: Date | null
  /** What the CA's words in the file say of the signer. */
  readonly revocation: Revocation
}

/** The file with bytes as characters, for the few ASCII words that matter. */
function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes)
}

/** Every signature of the file, in the order in which they cover it. */
export async function pdfSignatures(bytes: Bytes, roots: readonly Certificate[]): Promise<PdfSignature[]> {
  const words = await wordsIn(bytes, latin1(bytes))
  const found = await Promise.all(rangesOf(bytes).map((range) => judge(bytes, range, roots, words)))
  return found.sort((a, b) => a.covers - b.covers)
}

function rangesOf(bytes: Bytes): Range[] {
  const words = latin1(bytes).matchAll(/\/ByteRange\s*\[\s*(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s*\]/g)
  const ranges = Array.from(words, (word) => ({ first: Number(word[1]), gap: Number(word[2]), second: Number(word[3]), length: Number(word[4]) }))
  return ranges.filter((range) => range.first === 0 && range.second > range.gap && range.second + range.length <= bytes.length)
}

async function judge(bytes: Bytes, range: Range, roots: readonly Certificate[], words: readonly Bytes[]): Promise<PdfSignature> {
  const covers = range.second + range.length
  const data = concat(bytes.subarray(0, range.gap), bytes.subarray(range.second, covers))
  try {
    const token = contentsOf(bytes, range)
    const signed = new pkijs.SignedData({ schema: pkijs.ContentInfo.fromBER(token).content })
    await insistPlain(signed)
    if (signed.encapContentInfo.eContentType === TST_INFO) return await judgeStamp(token, data, covers, roots)
    const signer = await signerOf(signed)
    const isIntact = await isSigned(signed, signer, data).catch(() => false)
    const isPlatform = isIntact && (await leadsTo(signed, signer, roots))
    const stamp = isIntact ? await stampIn(signed, roots) : null
    const issuer = await issuerOf(signed, signer, roots, words)
    const revocation = isIntact && issuer ? await revocationOf(signer, issuer, words) : 'silent'
    const claimedAt = claimedIn(signed, latin1(bytes), range)
    return { kind: 'signature', signer: nameOf(signer), isIntact, isPlatform, covers, stampedAt: stamp?.at ?? null, authority: stamp?.authority ?? '', claimedAt, revocation }
  } catch {
    return broken('signature', covers)
  }
}

/**
 * What no signature covers of its own container, in the one form that RFC 5652 leaves it: version numbers, the name of
 * the digest, and certificates that come along, each signed by its issuer where that is there too.
 */
async function insistPlain(signed: pkijs.SignedData): Promise<void> {
  const [info] = signed.signerInfos
  const isStamp = signed.encapContentInfo.eContentType === TST_INFO
  const named = signed.digestAlgorithms.map((item) => item.algorithmId)
  insist(signed.signerInfos.length === 1 && info !== undefined, 'malformed', 'not one signer')
  insist(signed.version === (isStamp ? 3 : 1) && info.version === 1 && named.join() === info.digestAlgorithm.algorithmId, 'malformed', 'the container was altered')
  const carried = (signed.certificates ?? []).filter((item) => item instanceof pkijs.Certificate) as pkijs.Certificate[]
  for (const each of carried) {
    const issuer = carried.find((item) => item.subject.isEqual(each.issuer))
    insist(issuer === undefined || (await issuedBy(each, issuer)), 'not-authentic', 'a certificate in the container was altered')
  }
}

/** The key of the signer's certificate signed these bytes. pkijs knows no SM2; there the attributes are checked by hand (RFC 5652 5.4, 5.6). */
async function isSigned(signed: pkijs.SignedData, signer: pkijs.Certificate, data: Bytes): Promise<boolean> {
  const certificate = await parseCertificate(new Uint8Array(signer.toSchema().toBER()))
  if (certificate.keyKind !== 'sm2') return signed.verify({ signer: 0, data: data.buffer, checkChain: false })
  const [info] = signed.signerInfos
  const attributes = info?.signedAttrs
  if (!info || !attributes || info.digestAlgorithm.algorithmId !== SM3 || info.signatureAlgorithm.algorithmId !== SM2) return false
  const type = attributeIn(attributes, CONTENT_TYPE)
  const digest = attributeIn(attributes, MESSAGE_DIGEST)?.valueBlock.valueHexView
  if (type?.valueBlock.toString() !== pkijs.SignedData.ID_DATA || digest === undefined || !equal(sm3Bytes(data), digest)) return false
  return signedBy(certificate, new Uint8Array(attributes.encodedValue), new Uint8Array(info.signature.valueBlock.valueHexView))
}

/** The value of the one attribute of that type; undefined where it is missing, or there more than once. */
function attributeIn(attributes: pkijs.SignedAndUnsignedAttributes, type: string): { valueBlock: { valueHexView: Uint8Array; toString(): string } } | undefined {
  const found = attributes.attributes.filter((item) => item.type === type)
  const values = (found[0]?.values ?? []) as { valueBlock: { valueHexView: Uint8Array } }[]
  return found.length === 1 && values.length === 1 ? values[0] : undefined
}

async function judgeStamp(token: Bytes, data: Bytes, covers: number, roots: readonly Certificate[]): Promise<PdfSignature> {
  try {
    const stamp = await readTimestampOver(token, await sha256(data), roots)
    return { kind: 'timestamp', signer: stamp.authority, isIntact: true, isPlatform: true, covers, stampedAt: stamp.at, authority: stamp.authority, claimedAt: null, revocation: 'silent' }
  } catch (error) {
    insist(error instanceof Fault, 'malformed', 'not a time stamp')
    return { ...broken('timestamp', covers), isIntact: error.code === 'not-trusted' }
  }
}

function broken(kind: PdfSignature['kind'], covers: number): PdfSignature {
  return { kind, signer: '', isIntact: false, isPlatform: false, covers, stampedAt: null, authority: '', claimedAt: null, revocation: 'silent' }
}

/** Whoever issued the signer's certificate: from the signature itself, among what the file carries as proof, or among the roots. */
async function issuerOf(signed: pkijs.SignedData, signer: pkijs.Certificate, roots: readonly Certificate[], words: readonly Bytes[]): Promise<pkijs.Certificate | undefined> {
  const carried = (signed.certificates ?? []).filter((item) => item instanceof pkijs.Certificate) as pkijs.Certificate[]
  for (const each of [...carried, ...certificatesIn(words), ...roots.map((root) => pkijs.Certificate.fromBER(root.der))]) {
    if (each.subject.isEqual(signer.issuer) && (await issuedBy(signer, each))) return each
  }
  return undefined
}

/**
 * The DER between the angle brackets of the gap; the zeros that fill it up are cut off. No signature covers its own
 * container: letter case and filling have one form, so that no byte of it can be another.
 */
function contentsOf(bytes: Bytes, range: Range): Bytes {
  const text = latin1(bytes.subarray(range.gap, range.second))
  insist(text.startsWith('<') && text.endsWith('>'), 'malformed', 'no signature in the gap')
  insist(text === text.toLowerCase() || text === text.toUpperCase(), 'malformed', 'the container was altered')
  const filled = fromHex(text.slice(1, -1).toLowerCase())
  const wide = (filled[1] ?? 0) & 0x80 ? (filled[1] ?? 0) & 0x7f : 0
  const length = wide ? filled.subarray(2, 2 + wide).reduce((sum, byte) => sum * 256 + byte, 0) : (filled[1] ?? 0)
  insist(filled.subarray(2 + wide + length).every((byte) => byte === 0), 'malformed', 'something follows the signature in its container')
  return filled.slice(0, 2 + wide + length)
}

async function signerOf(signed: pkijs.SignedData): Promise<pkijs.Certificate> {
  const [info] = signed.signerInfos
  const certificates = (signed.certificates ?? []).filter((item) => item instanceof pkijs.Certificate)
  const sid = info?.sid as pkijs.IssuerAndSerialNumber | undefined
  const found = certificates.find((item) => sid !== undefined && item.serialNumber.isEqual(sid.serialNumber) && item.issuer.isEqual(sid.issuer))
  insist(found !== undefined, 'malformed', 'the signer\'s certificate is not in the signature')
  return Promise.resolve(found)
}

async function leadsTo(signed: pkijs.SignedData, signer: pkijs.Certificate, roots: readonly Certificate[]): Promise<boolean> {
  const others = (signed.certificates ?? []).filter((item) => item instanceof pkijs.Certificate && item !== signer) as pkijs.Certificate[]
  const engine = new pkijs.CertificateChainValidationEngine({
    trustedCerts: roots.map((root) => pkijs.Certificate.fromBER(root.der)),
    certs: [...others, signer],
    // Inside its own term: whether it was in term when it signed is for a PDF reader to judge, from the time stamps.
    checkDate: signer.notAfter.value,
  })
  return (await engine.verify().catch(() => ({ result: false }))).result
}

function nameOf(certificate: pkijs.Certificate): string {
  const value = (oid: string): string | undefined => certificate.subject.typesAndValues.find((item) => item.type === oid)?.value.valueBlock.value as string | undefined
  return value('2.5.4.10') ?? value('2.5.4.3') ?? ''
}

