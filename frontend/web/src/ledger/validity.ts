/**
 * On what a certificate was held valid, judged again from what was kept: chain, dates, use, terms of the trust list,
 * revocation. The same judgement as `storage/crypto/grounds.py`, held to it by `tests/vectors/grounds.json`.
 */
import type * as pkijs from 'pkijs'
import { type Bytes, hex } from '@/sealing/bytes'
import { canonicalText, type Json, type JsonObject } from '@/sealing/canonical'
import { parseCertificate } from '@/sealing/certificate'
import { Fault, insist } from '@/sealing/faults'
import { extension, grants, ID, isAuthority, isIssuedBy, type Judged, readCertificate, rsaBits, serialOf, USE } from './caSignatures'
import { Undecided } from './findings'
import { judgeRevocation, type Verdict, type Word, wordsOf } from './revocation'

/** The longest that a node may be set to let a word count after its end. */
const LONGEST_GRACE = 720 * 3_600_000
const SMALLEST_RSA = 2048
const COMMON_NAME = '2.5.4.3'
// Critical extensions that a path may carry; those of `BEYOND` bind what follows, which the command line judges.
const KNOWN: readonly string[] = [...Object.values(ID), '2.5.29.17', '2.5.29.46', '1.3.6.1.5.5.7.1.1', '1.3.6.1.5.5.7.1.3', '1.3.6.1.5.5.7.1.6', '1.3.6.1.5.5.7.48.1.5'].filter((id) => id !== ID.crlNumber && id !== ID.issuingPoint)
const BEYOND: readonly string[] = [ID.nameConstraints, ID.policyMappings, ID.policyConstraints, ID.inhibitAny]

/** On what terms an edition lists a CA's certificate: half-open `[validFrom, validTo)`, in ms. */
export interface Terms {
  readonly validFrom: number
  readonly validTo: number
  readonly isSuspended: boolean
  readonly policies: readonly string[]
}

/** Milliseconds of an instant on the wire, which has microseconds. */
export function momentOf(text: string): number {
  const [, fraction = ''] = /\.(\d+)Z$/.exec(text) ?? []
  return Date.parse(text.replace(/\.\d+Z$/, 'Z')) + Number(`0.${fraction || '0'}`) * 1000
}

/** Judges grounds; each certificate and each CA's words are read once. */
export class KeptEvidence {
  private readonly certificates = new Map<string, Promise<Judged>>()
  private readonly words = new Map<string, Promise<readonly Word[]>>()

  /** `ders`: by SHA-256 (hex), which the caller has checked. */
  constructor(private readonly ders: ReadonlyMap<string, Bytes>) {}

  /**
   * Whether it rested on a word past its end, within the grace. Throws a `Fault` whose message is the reason: evidence,
   * grounds, certificate, usage, expired, not-yet-valid, untrusted, suspended, not-listed, policy, revoked,
   * revocation-unknown; `Undecided` for what only the command line judges. The last of the chain counts as a root.
   */
  async judge(body: JsonObject, at: number, terms: ReadonlyMap<string, Terms>): Promise<{ readonly isLate: boolean }> {
    const [chain, crls, answers] = [body.chain, body.crls, body.ocsps].map((list) => (list as readonly Json[]).map(String)) as [string[], string[], string[]]
    insist([...chain, ...crls, ...answers].every((name) => this.ders.has(name)), 'malformed', 'evidence')
    const [leaf, ...above] = await Promise.all(chain.map((name) => this.read(name)))
    insist(leaf !== undefined, 'malformed', 'evidence')
    await checkUse(leaf, String(body.purpose))
    const path = builtFrom(leaf, above)
    insist(path !== null, 'not-valid', 'untrusted')
    await checkPath(path, at)
    for (const { digest } of path.slice(1)) checkTerms(terms.get(digest), at)
    checkPolicies(path, terms)
    const verdicts = await judgeWords(path, (issuer) => this.said(issuer, crls, answers), at, LONGEST_GRACE)
    insist(canonicalText(bodyOf(body, path, verdicts)) === canonicalText(body), 'not-authentic', 'grounds')
    return { isLate: verdicts.some((each) => each.isLate) }
  }

  /** Common names of the roots that grounds lead to. */
  async rootOf(body: JsonObject): Promise<string> {
    const name = (body.chain as readonly Json[]).map(String).at(-1)
    return name === undefined ? '' : nameOf((await this.read(name)).x509) ?? ''
  }

  private read(name: string): Promise<Judged> {
    const found = this.certificates.get(name) ?? readCertificate(this.ders.get(name) as Bytes).catch(() => { throw new Fault('malformed', 'certificate') })
    this.certificates.set(name, found)
    return found
  }

  private said(issuer: Judged, crls: readonly string[], answers: readonly string[]): Promise<readonly Word[]> {
    const key = [issuer.digest, ...crls, '', ...answers].join()
    const ders = (names: readonly string[]): Bytes[] => names.map((name) => this.ders.get(name) as Bytes)
    const found = this.words.get(key) ?? wordsOf(issuer, ders(crls), ders(answers))
    this.words.set(key, found)
    return found
  }
}

/** Refuses a certificate that may not be used so; `purpose`: sign, seal, decrypt. */
export async function checkUse(leaf: Judged, purpose: string): Promise<void> {
  const { keyKind } = await parseCertificate(leaf.der)
  insist(keyKind !== 'other' && (rsaBits(leaf.x509) ?? SMALLEST_RSA) >= SMALLEST_RSA, 'unsupported-key', 'certificate')
  const wraps = { 'ec-p256': [USE.agree], rsa: [USE.keyEncipher], sm2: [USE.keyEncipher, USE.dataEncipher, USE.agree] }[keyKind as 'rsa']
  const granted = ['seal', 'decrypt'].includes(purpose) ? grants(leaf.x509, ...wraps) : grants(leaf.x509, USE.sign, USE.commit)
  // Where nothing is said of the use, any is granted; to SM2 none, whose certificates come in pairs.
  insist(granted ?? keyKind !== 'sm2', 'not-valid', 'usage')
  insist(!isAuthority(leaf.x509), 'not-valid', 'usage')
}

/** Checks each certificate of a path (leaf first, root last) as RFC 5280 6.1 has it. */
export async function checkPath(path: readonly Judged[], at: number): Promise<void> {
  const leaf = path[0] as Judged
  let left = path.length - 1
  for (let index = path.length - 2; index >= 0; index--) {
    const [subject, issuer] = [path[index] as Judged, path[index + 1] as Judged]
    const { x509 } = subject
    const isSigned = (rsaBits(issuer.x509) ?? SMALLEST_RSA) >= SMALLEST_RSA && (await isIssuedBy(subject, issuer))
    if (!isSigned) refuse(leaf, at)
    insist(at >= x509.notBefore.value.getTime(), 'not-valid', 'not-yet-valid')
    insist(at <= x509.notAfter.value.getTime(), 'not-valid', 'expired')
    if (index > 0) {
      if (!isAuthority(x509) || grants(x509, USE.certify) === false) refuse(leaf, at)
      if (!x509.issuer.isEqual(x509.subject) && left-- === 0) refuse(leaf, at)
      const depth = extension<pkijs.BasicConstraints>(x509, ID.basic)?.pathLenConstraint
      if (depth !== undefined) left = Math.min(left, Number(depth))
    }
    if (x509.extensions?.some((each) => each.critical && !KNOWN.includes(each.extnID))) refuse(leaf, at)
    if (x509.extensions?.some((each) => BEYOND.includes(each.extnID))) throw new Undecided('beyond-page')
  }
}

/** What the issuers' words (`said`) say of each certificate below the root; refuses one revoked, or unknown to them. */
export async function judgeWords(path: readonly Judged[], said: (issuer: Judged) => Promise<readonly Word[]>, at: number, grace: number): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = []
  for (const [index, subject] of path.slice(0, -1).entries()) {
    const verdict = judgeRevocation(subject, await said(path[index + 1] as Judged), at, grace)
    insist(verdict.state !== 'revoked', 'not-valid', 'revoked')
    insist(verdict.state === 'good', 'not-valid', 'revocation-unknown')
    verdicts.push(verdict)
  }
  return verdicts
}

/** What is wrong elsewhere in the path is told of a leaf past its dates by these. */
function refuse({ x509 }: Judged, at: number): never {
  const reason = at > x509.notAfter.value.getTime() ? 'expired' : at < x509.notBefore.value.getTime() ? 'not-yet-valid' : 'untrusted'
  throw new Fault('not-valid', reason)
}

/** From the leaf to the last of `above`, the root; null where they do not lead there. */
export function builtFrom(leaf: Judged, above: readonly Judged[]): readonly Judged[] | null {
  const root = above.at(-1)
  const path = [leaf]
  for (let last = leaf; root !== undefined; ) {
    if (mayHaveIssued(root, last)) return [...path, root]
    const next = above.find((each) => each !== root && !path.includes(each) && mayHaveIssued(each, last))
    if (next === undefined) break
    path.push(next)
    last = next
  }
  return null
}

function mayHaveIssued(issuer: Judged, { x509 }: Judged): boolean {
  if (!x509.issuer.isEqual(issuer.x509.subject)) return false
  const named = extension<pkijs.AuthorityKeyIdentifier>(x509, ID.authorityKey)
  const own = extension<{ valueBlock: { valueHexView: Uint8Array } }>(issuer.x509, ID.subjectKey)
  if (named?.keyIdentifier && own && hex(named.keyIdentifier.valueBlock.valueHexView) !== hex(own.valueBlock.valueHexView)) return false
  return named?.authorityCertSerialNumber === undefined || serialOf(named.authorityCertSerialNumber) === serialOf(issuer.x509.serialNumber)
}

function checkTerms(terms: Terms | undefined, at: number): void {
  if (terms === undefined) return
  insist(terms.validFrom <= at && at < terms.validTo, 'not-valid', 'not-listed')
  insist(!terms.isSuspended, 'not-valid', 'suspended')
}

function checkPolicies([leaf, ...above]: readonly Judged[], terms: ReadonlyMap<string, Terms>): void {
  const told = leaf ? extension<pkijs.CertificatePolicies>(leaf.x509, ID.policies)?.certificatePolicies ?? [] : []
  const named = told.map((each) => each.policyIdentifier)
  const asked = above.map(({ digest }) => terms.get(digest)?.policies ?? [])
  insist(asked.every((policies) => !policies.length || policies.some((each) => named.includes(each))), 'not-valid', 'policy')
}

/** The grounds as they must read; a root without a common name of its own keeps what they say. */
function bodyOf(body: JsonObject, path: readonly Judged[], verdicts: readonly Verdict[]): JsonObject {
  const words = [...new Map(verdicts.flatMap(({ word }) => (word ? [[word.digest, word] as const] : []))).values()]
  const late = new Set(verdicts.flatMap(({ word, isLate }) => (word && isLate ? [`cached-${word.kind}`] : [])))
  const digests = (kind: Word['kind']): string[] => words.filter((word) => word.kind === kind).map((word) => word.digest)
  return {
    v: 1, certificate: path[0]?.digest ?? '', purpose: body.purpose as Json, edition: body.edition as Json,
    authority: nameOf((path.at(-1) as Judged).x509) ?? (body.authority as Json), chain: path.map((each) => each.digest),
    crls: digests('crl'), ocsps: digests('ocsp'), flags: [...late].sort(),
  }
}

/** The common name; null where it has none, or several. */
export function nameOf(x509: pkijs.Certificate): string | null {
  const found = x509.subject.typesAndValues.filter((each) => each.type === COMMON_NAME)
  return found.length === 1 ? String(found[0]?.value.valueBlock.value) : null
}
