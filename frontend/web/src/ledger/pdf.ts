/** The signatures in a PDF, as far as a page can judge them: who signed which bytes, and whether those bytes still stand. */
import * as pkijs from 'pkijs'
import { type Bytes, concat, fromHex, sha256 } from '@/sealing/bytes'
import type { Certificate } from '@/sealing/certificate'
import { Fault, insist } from '@/sealing/faults'
import { readTimestampOver } from '@/sealing/timestamp'

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
}

interface Range {
  readonly first: number
  readonly gap: number
  readonly second: number
  readonly length: number
}

/** The file with bytes as characters, for the few ASCII words that matter. */
function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes)
}

/** Every signature of the file, in the order in which they cover it. */
export async function pdfSignatures(bytes: Bytes, roots: readonly Certificate[]): Promise<PdfSignature[]> {
  const found = await Promise.all(rangesOf(bytes).map((range) => judge(bytes, range, roots)))
  return found.sort((a, b) => a.covers - b.covers)
}

function rangesOf(bytes: Bytes): Range[] {
  const words = latin1(bytes).matchAll(/\/ByteRange\s*\[\s*(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s*\]/g)
  const ranges = Array.from(words, (word) => ({ first: Number(word[1]), gap: Number(word[2]), second: Number(word[3]), length: Number(word[4]) }))
  return ranges.filter((range) => range.first === 0 && range.second > range.gap && range.second + range.length <= bytes.length)
}

async function judge(bytes: Bytes, range: Range, roots: readonly Certificate[]): Promise<PdfSignature> {
  const covers = range.second + range.length
  const data = concat(bytes.subarray(0, range.gap), bytes.subarray(range.second, covers))
  try {
    const token = contentsOf(bytes, range)
    const signed = new pkijs.SignedData({ schema: pkijs.ContentInfo.fromBER(token).content })
    if (signed.encapContentInfo.eContentType === TST_INFO) return await judgeStamp(token, data, covers, roots)
    const signer = await signerOf(signed)
    const isIntact = await signed.verify({ signer: 0, data: data.buffer, checkChain: false }).catch(() => false)
    return { kind: 'signature', signer: nameOf(signer), isIntact, isPlatform: isIntact && (await leadsTo(signed, signer, roots)), covers }
  } catch {
    return { kind: 'signature', signer: '', isIntact: false, isPlatform: false, covers }
  }
}

async function judgeStamp(token: Bytes, data: Bytes, covers: number, roots: readonly Certificate[]): Promise<PdfSignature> {
  try {
    const stamp = await readTimestampOver(token, await sha256(data), roots)
    return { kind: 'timestamp', signer: stamp.authority, isIntact: true, isPlatform: true, covers }
  } catch (error) {
    insist(error instanceof Fault, 'malformed', 'not a time stamp')
    return { kind: 'timestamp', signer: '', isIntact: false, isPlatform: false, covers }
  }
}

/** The DER between the angle brackets of the gap; the zeros that fill it up are cut off. */
function contentsOf(bytes: Bytes, range: Range): Bytes {
  const text = latin1(bytes.subarray(range.gap, range.second))
  insist(text.startsWith('<') && text.endsWith('>'), 'malformed', 'no signature in the gap')
  const filled = fromHex(text.slice(1, -1).toLowerCase())
  const wide = (filled[1] ?? 0) & 0x80 ? (filled[1] ?? 0) & 0x7f : 0
  const length = wide ? filled.subarray(2, 2 + wide).reduce((sum, byte) => sum * 256 + byte, 0) : (filled[1] ?? 0)
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

