/** RFC 3161 tokens and certificate chains, checked with pkijs; pages load this lazily because pkijs is large. */
import * as pkijs from 'pkijs'
import { type Bytes, equal, sha256 } from './bytes'
import type { Certificate } from './certificate'
import { Fault, insist } from './faults'

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const SHA256 = '2.16.840.1.101.3.4.2.1'
const SM2 = '1.2.156.10197.1.501'
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
  const { signed, signer, ...stamp } = await openTimestampOver(token, digest)
  const trustedCerts = roots.map((root) => pkijs.Certificate.fromBER(root.der))
  insist((await verifiedSigner(signed, { trustedCerts, checkDate: stamp.at, checkChain: true })) !== null, 'not-trusted', 'the authority does not lead to a root given')
  insist(mayStamp(signer), 'not-authentic', 'the signer is no time-stamping authority')
  return stamp
}

/** A stamp whose signature holds, with whoever made it: whether that is a time-stamping authority is not asked. */
export interface OpenedStamp extends Stamp {
  readonly signed: pkijs.SignedData
  readonly signer: pkijs.Certificate
}

export async function openTimestampOver(token: Bytes, digest: Bytes): Promise<OpenedStamp> {
  const signed = signedDataOf(token)
  insist(signed.signerInfos[0]?.signatureAlgorithm.algorithmId !== SM2, 'not-verifiable', 'time stamps by SM2 are not read here')
  const content = signed.encapContentInfo
  insist(content.eContentType === TST_INFO && content.eContent !== undefined, 'malformed', 'not a time-stamp token')
  insist(signedType(signed) === TST_INFO, 'not-authentic', 'signed as something else than a time stamp')
  const info = pkijs.TSTInfo.fromBER(content.eContent.getValue())
  const imprint = info.messageImprint
  const held = imprint.hashAlgorithm.algorithmId === SHA256 && equal(imprint.hashedMessage.valueBlock.valueHexView, digest)
  insist(held, 'not-authentic', 'the time stamp is over something else')
  // As plain data: pkijs would ask for the stamped bytes to hash them, and the imprint is checked above.
  signed.encapContentInfo.eContentType = pkijs.SignedData.ID_DATA
  const signer = await verifiedSigner(signed, { checkChain: false })
  insist(signer !== null, 'not-authentic', 'the time stamp does not verify')
  return { at: info.genTime, serial: info.serialNumber.toString('hex'), authority: commonName(signer), signed, signer }
}

/** Whose key signed; null where it does not verify. */
async function verifiedSigner(signed: pkijs.SignedData, how: Omit<pkijs.SignedDataVerifyParams, 'signer' | 'extendedMode'>): Promise<pkijs.Certificate | null> {
  const result = await signed.verify({ signer: 0, ...how, extendedMode: true }).catch(() => null)
  return result?.signatureVerified === true ? result.signerCertificate ?? null : null
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

/** Certified for time stamping (RFC 3161 2.3). */
export function mayStamp(certificate: pkijs.Certificate): boolean {
  const extension = certificate.extensions?.find((item) => item.extnID === EXTENDED_KEY_USAGE)
  const usage = extension?.parsedValue as pkijs.ExtKeyUsage | undefined
  return usage?.keyPurposes.includes(TIME_STAMPING) ?? false
}

function commonName(certificate: pkijs.Certificate): string {
  const name = certificate.subject.typesAndValues.find((item) => item.type === '2.5.4.3')
  return name === undefined ? '' : String(name.value.valueBlock.value)
}
