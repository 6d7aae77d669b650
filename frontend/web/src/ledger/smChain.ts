/** What pkijs cannot do for lack of SM2: whether an issuer's SM2 key signed a certificate or a word on revocation (GB/T 20518, RFC 5280, RFC 6960). */
import type * as pkijs from 'pkijs'
import type { Bytes } from '@/sealing/bytes'
import { parseCertificate, sm2PointOf } from '@/sealing/certificate'
import { verifiesSm2 } from '@/sealing/sm2'

/** SM2 with SM3. */
export const SM2 = '1.2.156.10197.1.501'
export const SM3 = '1.2.156.10197.1.401'
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
const EXTENDED_KEY_USAGE = '2.5.29.37'

/** The bytes that an issuer signs, and its signature over them. */
interface Signed {
  readonly algorithm: string
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** True when the issuer's key signed the certificate; names and dates are not looked at. */
export async function issuedBy(certificate: pkijs.Certificate, issuer: pkijs.Certificate): Promise<boolean> {
  const { algorithmId } = certificate.signatureAlgorithm
  if (algorithmId !== SM2) return certificate.verify(issuer).catch(() => false)
  return signedBySm2({ algorithm: algorithmId, signed: certificate.tbsView, signature: certificate.signatureValue.valueBlock.valueHexView }, issuer)
}

/** True for a CRL in the issuer's name that its key signed. */
export async function listedBy(list: pkijs.CertificateRevocationList, issuer: pkijs.Certificate): Promise<boolean> {
  if (!list.issuer.isEqual(issuer.subject)) return false
  const { algorithmId } = list.signatureAlgorithm
  if (algorithmId !== SM2) return list.verify({ issuerCertificate: issuer })
  return signedBySm2({ algorithm: algorithmId, signed: list.tbsView, signature: list.signatureValue.valueBlock.valueHexView }, issuer)
}

/** True for an OCSP answer by the issuer itself, or by a responder that it certified for answering. */
export async function answeredBy(answer: pkijs.BasicOCSPResponse, issuer: pkijs.Certificate): Promise<boolean> {
  const { algorithmId } = answer.signatureAlgorithm
  if (algorithmId !== SM2) return answer.verify({ trustedCerts: [issuer] })
  const parts = { algorithm: algorithmId, signed: answer.tbsResponseData.tbsView, signature: answer.signature.valueBlock.valueHexView }
  for (const responder of [issuer, ...(answer.certs ?? [])]) {
    if ((await signedBySm2(parts, responder)) && (responder === issuer || (await mayAnswer(responder, issuer, answer.tbsResponseData.producedAt)))) return true
  }
  return false
}

async function mayAnswer(responder: pkijs.Certificate, issuer: pkijs.Certificate, at: Date): Promise<boolean> {
  const usage = responder.extensions?.find((item) => item.extnID === EXTENDED_KEY_USAGE)?.parsedValue as pkijs.ExtKeyUsage | undefined
  const inTerm = responder.notBefore.value <= at && at <= responder.notAfter.value
  return inTerm && (usage?.keyPurposes.includes(OCSP_SIGNING) ?? false) && responder.issuer.isEqual(issuer.subject) && issuedBy(responder, issuer)
}

async function signedBySm2(parts: Signed, by: pkijs.Certificate): Promise<boolean> {
  const key = await parseCertificate(new Uint8Array(by.toSchema().toBER()))
  return key.keyKind === 'sm2' && verifiesSm2(sm2PointOf(key), plain(parts.signed), plain(parts.signature))
}

function plain(view: Uint8Array): Bytes {
  return new Uint8Array(view)
}
