/** RFC 3161 tokens and certificate chains, checked with pkijs; pages load this lazily because pkijs is large. */
import * as pkijs from 'pkijs'
import { type Bytes, equal, sha256 } from './bytes'
import type { Certificate } from './certificate'
import { Fault, insist } from './faults'

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const SHA256 = '2.16.840.1.101.3.4.2.1'
const TST_INFO = '1.2.840.113549.1.9.16.1.4'

export interface Stamp {
  readonly at: Date
  readonly serial: string
  /** Common name of the authority. */
  readonly authority: string
}

/** The stamp of a token (or whole response) over `data`; refuses one that is not by a trusted time-stamping authority. */
export async function readTimestamp(token: Bytes, data: Bytes, roots: readonly Certificate[]): Promise<Stamp> {
  return readTimestampOver(token, await sha256(data), roots)
}

/** The same over data of which only the SHA-256 is at hand (a receipt carries the digest of its manifest). */
export async function readTimestampOver(token: Bytes, digest: Bytes, roots: readonly Certificate[]): Promise<Stamp> {
  const signed = signedDataOf(token)
  const content = signed.encapContentInfo
  insist(content.eContentType === TST_INFO && content.eContent !== undefined, 'malformed', 'not a time-stamp token')
  insist(signedType(signed) === TST_INFO, 'not-authentic', 'signed as something else than a time stamp')
  const info = pkijs.TSTInfo.fromBER(content.eContent.getValue())
  const imprint = info.messageImprint
  const held = imprint.hashAlgorithm.algorithmId === SHA256 && equal(imprint.hashedMessage.valueBlock.valueHexView, digest)
  insist(held, 'not-authentic', 'the time stamp is over something else')
  const signer = await verifiedSigner(signed, roots, info.genTime)
  insist(maySign(signer), 'not-authentic', 'the signer is no time-stamping authority')
  return { at: info.genTime, serial: info.serialNumber.toString('hex'), authority: commonName(signer) }
}

async function verifiedSigner(signed: pkijs.SignedData, roots: readonly Certificate[], at: Date): Promise<pkijs.Certificate> {
  const trustedCerts = roots.map((root) => pkijs.Certificate.fromBER(root.der))
  // As plain data: pkijs would ask for the stamped bytes to hash them, and the imprint is checked above.
  signed.encapContentInfo.eContentType = pkijs.SignedData.ID_DATA
  const judge = (checkChain: boolean) => signed.verify({ signer: 0, trustedCerts, checkDate: at, checkChain, extendedMode: true }).catch(() => null)
  const result = await judge(true)
  if (result?.signatureVerified === true && result.signerCertificate) return result.signerCertificate
  // Whether it was altered, or is sound and of an authority that these roots do not know.
  const isSound = (await judge(false))?.signatureVerified === true
  throw isSound ? new Fault('not-trusted', 'the authority does not lead to a root given') : new Fault('not-authentic', 'the time stamp does not verify')
}

/** The content type the signer signed. */
function signedType(signed: pkijs.SignedData): string | null {
  const attribute = signed.signerInfos[0]?.signedAttrs?.attributes.find((item) => item.type === CONTENT_TYPE)
  const [value] = (attribute?.values ?? []) as { valueBlock: { toString(): string } }[]
  return value?.valueBlock.toString() ?? null
}

/** Refuses a chain (leaf first) that does not end at a root given, on the day `at`. */
export async function checkChain(chain: readonly Certificate[], roots: readonly Certificate[], at: Date): Promise<void> {
  const [leaf, ...issuers] = chain.map((item) => pkijs.Certificate.fromBER(item.der))
  insist(leaf !== undefined, 'not-authentic', 'no certificate')
  const engine = new pkijs.CertificateChainValidationEngine({
    trustedCerts: roots.map((root) => pkijs.Certificate.fromBER(root.der)),
    // The leaf stands last: that is the one the engine judges.
    certs: [...issuers, leaf],
    checkDate: at,
  })
  const { result, resultMessage } = await engine.verify()
  insist(result, 'not-trusted', `certificate chain: ${resultMessage}`)
}

function signedDataOf(token: Bytes): pkijs.SignedData {
  try {
    return new pkijs.SignedData({ schema: contentOf(token).content })
  } catch (cause) {
    throw new Fault('malformed', 'not a time-stamp token', { cause })
  }
}

/** A token is a ContentInfo; a response wraps it beside a status. */
function contentOf(token: Bytes): pkijs.ContentInfo {
  try {
    return pkijs.ContentInfo.fromBER(token)
  } catch {
    const { timeStampToken } = pkijs.TimeStampResp.fromBER(token)
    insist(timeStampToken !== undefined, 'malformed', 'a response without a token')
    return timeStampToken
  }
}

function maySign(certificate: pkijs.Certificate): boolean {
  const extension = certificate.extensions?.find((item) => item.extnID === EXTENDED_KEY_USAGE)
  const usage = extension?.parsedValue as pkijs.ExtKeyUsage | undefined
  return usage?.keyPurposes.includes(TIME_STAMPING) ?? false
}

function commonName(certificate: pkijs.Certificate): string {
  const name = certificate.subject.typesAndValues.find((item) => item.type === '2.5.4.3')
  return name === undefined ? '' : String(name.value.valueBlock.value)
}
