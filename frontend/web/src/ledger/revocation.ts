/**
 * Was a certificate revoked? What CRLs (RFC 5280) and OCSP answers (RFC 6960) say, and whether it still counts.
 * The same judgement as `storage/crypto/revocation.py`: what cannot be read to the last critical extension is no word.
 */
import * as pkijs from 'pkijs'
import { type Bytes, hex, plainBytes, sha256Hex } from '@/sealing/bytes'
import { extension, grants, ID, isAuthority, isIssuedBy, isSignedBy, type Judged, readCertificate, serialOf, USE } from './caSignatures'
import { Undecided } from './findings'

const BASIC = '1.3.6.1.5.5.7.48.1.1'
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
const HASHES: Readonly<Record<string, string>> = { '1.3.14.3.2.26': 'SHA-1', '2.16.840.1.101.3.4.2.1': 'SHA-256' }
const READ_HERE: readonly string[] = [ID.authorityKey, ID.crlNumber, ID.issuingPoint]
const UNDATED = 10 * 60_000
const URI = 6

/** What a CA said; instants in ms. `serials`: of an OCSP answer those it vouches for, null for a CRL, which speaks of all. */
export interface Word {
  readonly kind: 'crl' | 'ocsp'
  readonly digest: string
  readonly nextUpdate: number
  readonly revoked: ReadonlyMap<string, number>
  readonly serials: ReadonlySet<string> | null
  readonly places: readonly string[]
  readonly leavesOnly: boolean
  readonly authoritiesOnly: boolean
}

export interface Verdict {
  readonly state: 'good' | 'revoked' | 'unknown'
  readonly word: Word | null
  readonly isLate: boolean
}

/** The certificate at an instant, by words of its own issuer whose signatures were checked; `grace` past their end. */
export function judgeRevocation(certificate: Judged, words: readonly Word[], at: number, grace: number): Verdict {
  const serial = serialOf(certificate.x509.serialNumber)
  const told = words.filter((word) => speaksOf(word, certificate, serial))
  const against = told.find((word) => (word.revoked.get(serial) ?? Infinity) <= at)
  if (against !== undefined) return { state: 'revoked', word: against, isLate: false }
  const [newest] = told.sort((a, b) => b.nextUpdate - a.nextUpdate)
  if (newest === undefined || at > newest.nextUpdate + grace) return { state: 'unknown', word: null, isLate: false }
  return { state: 'good', word: newest, isLate: at > newest.nextUpdate }
}

function speaksOf(word: Word, { x509 }: Judged, serial: string): boolean {
  if (word.serials !== null) return word.serials.has(serial)
  if (isAuthority(x509) ? word.leavesOnly : word.authoritiesOnly) return false
  const named = extension<pkijs.CRLDistributionPoints>(x509, ID.crlPoints)?.distributionPoints.flatMap((each) => placesOf(each.distributionPoint)) ?? []
  return word.places.length === 0 || word.places.some((place) => named.includes(place))
}

/** Everything of these that is the issuer's word; what is oddly made is no word. */
export async function wordsOf(issuer: Judged, crls: readonly Bytes[], answers: readonly Bytes[]): Promise<readonly Word[]> {
  const found: Word[] = []
  for (const [read, ders] of [[readCrl, crls], [readAnswer, answers]] as const) {
    for (const der of ders) {
      const word = await read(der, issuer).catch((error: unknown) => { if (error instanceof Undecided) throw error; return null })
      if (word !== null) found.push(word)
    }
  }
  return found
}

async function readCrl(der: Bytes, issuer: Judged): Promise<Word | null> {
  const list = pkijs.CertificateRevocationList.fromBER(der)
  const extensions = list.crlExtensions?.extensions ?? []
  if (!list.issuer.isEqual(issuer.x509.subject) || grants(issuer.x509, USE.list) === false || list.nextUpdate === undefined) return null
  if (extensions.some((each) => each.critical && !READ_HERE.includes(each.extnID))) return null
  const scope = extensions.find((each) => each.extnID === ID.issuingPoint)?.parsedValue as pkijs.IssuingDistributionPoint | undefined
  if (scope && (scope.indirectCRL || (scope.onlySomeReasons ?? 0) !== 0 || scope.onlyContainsAttributeCerts)) return null
  if (!(await isSignedBy({ algorithm: list.signatureAlgorithm, bytes: list.tbsView, signature: list.signatureValue }, issuer))) return null
  const revoked = new Map((list.revokedCertificates ?? []).map((each) => [serialOf(each.userCertificate), each.revocationDate.value.getTime()]))
  return {
    kind: 'crl', digest: await sha256Hex(der), nextUpdate: list.nextUpdate.value.getTime(), revoked, serials: null,
    places: placesOf(scope?.distributionPoint), leavesOnly: scope?.onlyContainsUserCerts ?? false, authoritiesOnly: scope?.onlyContainsCACerts ?? false,
  }
}

async function readAnswer(der: Bytes, issuer: Judged): Promise<Word | null> {
  const response = pkijs.OCSPResponse.fromBER(der)
  const held = response.responseBytes
  if (response.responseStatus.valueBlock.valueDec !== 0 || held?.responseType !== BASIC) return null
  const basic = pkijs.BasicOCSPResponse.fromBER(plainBytes(held.response.valueBlock.valueHexView))
  const signer = await responderOf(basic, issuer)
  if (signer === null || !(await isSignedBy({ algorithm: basic.signatureAlgorithm, bytes: basic.tbsResponseData.tbsView, signature: basic.signature }, signer))) return null
  const told: { serial: string; end: number; revokedAt: number | null }[] = []
  for (const each of basic.tbsResponseData.responses) {
    const state = statusOf(each.certStatus)
    if (state === undefined || !(await names(each.certID, issuer))) continue
    told.push({ serial: serialOf(each.certID.serialNumber), end: (each.nextUpdate ?? new Date(each.thisUpdate.getTime() + UNDATED)).getTime(), revokedAt: state })
  }
  if (told.length === 0) return null
  const revoked = new Map(told.flatMap(({ serial, revokedAt }) => (revokedAt === null ? [] : [[serial, revokedAt] as const])))
  return {
    kind: 'ocsp', digest: await sha256Hex(der), nextUpdate: Math.min(...told.map((each) => each.end)), revoked,
    serials: new Set(told.map((each) => each.serial)), places: [], leavesOnly: false, authoritiesOnly: false,
  }
}

/** When it was revoked, null for good; undefined where the responder knows nothing. */
function statusOf(status: { idBlock: { tagNumber: number }; valueBlock: { value?: readonly { toDate(): Date }[] } }): number | null | undefined {
  if (status.idBlock.tagNumber === 0) return null
  return status.idBlock.tagNumber === 1 ? status.valueBlock.value?.[0]?.toDate().getTime() : undefined
}

/** The issuer itself, or whom it certified for answering. */
async function responderOf(basic: pkijs.BasicOCSPResponse, issuer: Judged): Promise<Judged | null> {
  const { responderID, producedAt } = basic.tbsResponseData
  const carried = await Promise.all((basic.certs ?? []).map((each) => readCertificate(plainBytes(new Uint8Array(each.toSchema().toBER())))))
  for (const candidate of [issuer, ...carried]) {
    const isNamed = responderID instanceof pkijs.RelativeDistinguishedNames
      ? responderID.isEqual(candidate.x509.subject)
      : hex((responderID as { valueBlock: { valueHexView: Uint8Array } }).valueBlock.valueHexView) === (await keyDigest(candidate, 'SHA-1'))
    if (isNamed && (candidate === issuer || (await isDelegate(candidate, issuer, producedAt)))) return candidate
  }
  return null
}

async function isDelegate(found: Judged, issuer: Judged, at: Date): Promise<boolean> {
  const uses = extension<pkijs.ExtKeyUsage>(found.x509, ID.extendedUsage)
  const { notBefore, notAfter } = found.x509
  return found.x509.issuer.isEqual(issuer.x509.subject) && (uses?.keyPurposes.includes(OCSP_SIGNING) ?? false)
    && notBefore.value <= at && at <= notAfter.value && isIssuedBy(found, issuer)
}

async function names(id: pkijs.CertID, issuer: Judged): Promise<boolean> {
  const hash = HASHES[id.hashAlgorithm.algorithmId]
  if (hash === undefined || hex(id.issuerKeyHash.valueBlock.valueHexView) !== (await keyDigest(issuer, hash))) return false
  return hex(id.issuerNameHash.valueBlock.valueHexView) === (await digest(hash, new Uint8Array(issuer.x509.subject.valueBeforeDecode)))
}

function keyDigest({ x509 }: Judged, hash: string): Promise<string> {
  return digest(hash, x509.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView)
}

async function digest(hash: string, bytes: Uint8Array): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest(hash, plainBytes(bytes))))
}

function placesOf(point: pkijs.DistributionPoint['distributionPoint']): readonly string[] {
  return Array.isArray(point) ? point.flatMap((name) => (name.type === URI ? [String(name.value)] : [])) : []
}
