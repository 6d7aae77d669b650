/** The signatures in a PDF, as far as a page can judge them: who signed which bytes, and whether those bytes still stand. */
import * as pkijs from 'pkijs'
import { type Bytes, concat, equal, fromHex, sha256 } from '@/sealing/bytes'
import { type Certificate, parseCertificate, sm2PointOf } from '@/sealing/certificate'
import { Fault, insist } from '@/sealing/faults'
import { verifiesSm2 } from '@/sealing/sm2'
import { sm3Bytes } from '@/sealing/suites'
import { openTimestampOver } from '@/sealing/timestamp'
import { isUnaltered, readCertificate, SM2 } from './caSignatures'
import { claimedIn, type Range, wordsIn } from './pdfEvidence'
import { PaperEvidence, type Standing } from './pdfStanding'

const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const TIME_STAMP = '1.2.840.113549.1.9.16.2.14'
const SM3 = '1.2.156.10197.1.401'
const TST_INFO = '1.2.840.113549.1.9.16.1.4'

/** A time stamp over a signature, or of the document itself. */
export interface PdfStamp {
  readonly at: Date
  /** Who stamped, and until when its certificate lasts. */
  readonly authority: string
  readonly endsAt: Date
  /** Of the authority's certificate when it stamped. */
  readonly standing: Standing
}

/** Its own signature fails; or it is by an algorithm that this page does not judge. */
export type Unread = 'altered' | 'beyond-page'

export interface PdfSignature {
  readonly kind: 'signature' | 'timestamp'
  /** Organisation or common name in the signer's certificate, as the certificate itself says. */
  readonly signer: string
  /** The bytes signed are unchanged, and the key of that certificate signed them. */
  readonly isIntact: boolean
  /** Bytes of the file from its beginning that this signature covers. */
  readonly covers: number
  /** The document's own, or the one over the signature; null for none. */
  readonly stamp: PdfStamp | Unread | null
  /** What the signer's own clock said; nobody vouches for it. */
  readonly claimedAt: Date | null
  /** Of the signer's certificate at the instant that a stamp proves, else now; null where nothing is intact. */
  readonly standing: Standing | null
}

/** By what a PDF is judged: roots of the reader's, and the moment for what no time stamp proves. */
export interface PdfAnchors {
  readonly roots: readonly Certificate[]
  readonly now: Date
}

/** The instant that a stamp by an authority of the reader's proves; null for none. */
export function provenAt(stamp: PdfSignature['stamp']): Date | null {
  return typeof stamp === 'object' && stamp?.standing.reason === '' && stamp.standing.isKnown ? stamp.at : null
}

/** The file with bytes as characters, for the few ASCII words that matter. */
function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes)
}

/** Every signature of the file, in the order in which they cover it. */
export async function pdfSignatures(bytes: Bytes, { roots, now }: PdfAnchors): Promise<PdfSignature[]> {
  const evidence = await PaperEvidence.of(await wordsIn(bytes, latin1(bytes)), roots)
  const found = await Promise.all(rangesOf(bytes).map((range) => judge(bytes, range, evidence, now)))
  return found.sort((a, b) => a.covers - b.covers)
}

function rangesOf(bytes: Bytes): Range[] {
  const words = latin1(bytes).matchAll(/\/ByteRange\s*\[\s*(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s*\]/g)
  const ranges = Array.from(words, (word) => ({ first: Number(word[1]), gap: Number(word[2]), second: Number(word[3]), length: Number(word[4]) }))
  return ranges.filter((range) => range.first === 0 && range.second > range.gap && range.second + range.length <= bytes.length)
}

async function judge(bytes: Bytes, range: Range, evidence: PaperEvidence, now: Date): Promise<PdfSignature> {
  const covers = range.second + range.length
  const data = concat(bytes.subarray(0, range.gap), bytes.subarray(range.second, covers))
  try {
    const token = contentsOf(bytes, range)
    const signed = new pkijs.SignedData({ schema: pkijs.ContentInfo.fromBER(token).content })
    await insistPlain(signed)
    if (signed.encapContentInfo.eContentType === TST_INFO) return await judgeStamp(token, data, covers, evidence)
    const signer = signerOf(signed)
    const claimedAt = claimedIn(signed, latin1(bytes), range)
    const isIntact = await isSigned(signed, signer, data).catch(() => false)
    if (!isIntact) return { ...broken('signature', covers), signer: nameOf(signer), claimedAt }
    const stamp = await stampOver(signed, evidence)
    const standing = await evidence.standing(signer, carriedIn(signed), provenAt(stamp) ?? now, 'sign')
    return { kind: 'signature', signer: nameOf(signer), isIntact, covers, stamp, claimedAt, standing }
  } catch {
    return broken('signature', covers)
  }
}

/** The time stamp over a signature, whoever made it. */
async function stampOver(signed: pkijs.SignedData, evidence: PaperEvidence): Promise<PdfSignature['stamp']> {
  const [info] = signed.signerInfos
  const attribute = info?.unsignedAttrs?.attributes.find((item) => item.type === TIME_STAMP)
  const [value] = (attribute?.values ?? []) as { toBER(): ArrayBuffer }[]
  if (info === undefined || value === undefined) return null
  const digest = await sha256(info.signature.valueBlock.valueHexView.slice())
  return readStamp(new Uint8Array(value.toBER()), digest, evidence).catch(unreadOf)
}

/** Throws a `Fault` for a token that is over something else, or that its own key did not sign. */
async function readStamp(token: Bytes, digest: Bytes, evidence: PaperEvidence): Promise<PdfStamp> {
  const { at, authority, signed, signer } = await openTimestampOver(token, digest)
  return { at, authority, endsAt: signer.notAfter.value, standing: await evidence.standing(signer, carriedIn(signed), at, 'stamp') }
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
  const carried = await Promise.all(carriedIn(signed).map((each) => readCertificate(new Uint8Array(each.toSchema().toBER()))))
  for (const each of carried) {
    const issuer = carried.find(({ x509 }) => x509.subject.isEqual(each.x509.issuer))
    insist(issuer === undefined || (await isUnaltered(each, issuer)), 'not-authentic', 'a certificate in the container was altered')
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
  return verifiesSm2(sm2PointOf(certificate), new Uint8Array(attributes.encodedValue), new Uint8Array(info.signature.valueBlock.valueHexView))
}

/** The value of the one attribute of that type; undefined where it is missing, or there more than once. */
function attributeIn(attributes: pkijs.SignedAndUnsignedAttributes, type: string): { valueBlock: { valueHexView: Uint8Array; toString(): string } } | undefined {
  const found = attributes.attributes.filter((item) => item.type === type)
  const values = (found[0]?.values ?? []) as { valueBlock: { valueHexView: Uint8Array } }[]
  return found.length === 1 && values.length === 1 ? values[0] : undefined
}

async function judgeStamp(token: Bytes, data: Bytes, covers: number, evidence: PaperEvidence): Promise<PdfSignature> {
  try {
    const stamp = await readStamp(token, await sha256(data), evidence)
    return { ...broken('timestamp', covers), signer: stamp.authority, isIntact: true, stamp }
  } catch (error) {
    const stamp = unreadOf(error)
    return { ...broken('timestamp', covers), isIntact: stamp === 'beyond-page', stamp }
  }
}

function unreadOf(error: unknown): Unread {
  return error instanceof Fault && error.code === 'not-verifiable' ? 'beyond-page' : 'altered'
}

function broken(kind: PdfSignature['kind'], covers: number): PdfSignature {
  return { kind, signer: '', isIntact: false, covers, stamp: null, claimedAt: null, standing: null }
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

function signerOf(signed: pkijs.SignedData): pkijs.Certificate {
  const sid = signed.signerInfos[0]?.sid as pkijs.IssuerAndSerialNumber | undefined
  const found = carriedIn(signed).find((item) => sid !== undefined && item.serialNumber.isEqual(sid.serialNumber) && item.issuer.isEqual(sid.issuer))
  insist(found !== undefined, 'malformed', 'the signer\'s certificate is not in the signature')
  return found
}

function carriedIn(signed: pkijs.SignedData): pkijs.Certificate[] {
  return (signed.certificates ?? []).filter((item) => item instanceof pkijs.Certificate) as pkijs.Certificate[]
}

function nameOf(certificate: pkijs.Certificate): string {
  const value = (oid: string): string | undefined => certificate.subject.typesAndValues.find((item) => item.type === oid)?.value.valueBlock.value as string | undefined
  return value('2.5.4.10') ?? value('2.5.4.3') ?? ''
}

