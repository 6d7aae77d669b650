/** One bid of a bundle: receipt, submission, seal, and its statement decrypted again. */
import { type Bytes, concat, fromBase64, fromHex, sha256Hex, utf8 } from '@/sealing/bytes'
import { isObject, type JsonObject, parseCanonicalObject } from '@/sealing/canonical'
import { type Certificate, isPair, parseCertificate } from '@/sealing/certificate'
import { openBody, openEnvelope, openWhole } from '@/sealing/envelope'
import { insist } from '@/sealing/faults'
import { sealedSegmentLength } from '@/sealing/floe'
import { readHeader, wrapsFor } from '@/sealing/header'
import { checkManifest, type Manifest, readManifest } from '@/sealing/manifest'
import { checkPlatformSignature } from '@/sealing/notice'
import { type SealedPart, releaseBytes } from '@/sealing/release'
import { signedBy } from '@/sealing/signer'
import { sm3Hex } from '@/sealing/suites'
import type { BundleBid, BundleEnvelope, FrozenBid, Ground } from './bundleShape'
import { verifySealedDocument } from './documents'
import { type Findings, Undecided } from './findings'

// Where CAs write an enterprise's unified social credit code.
const CODE_PLACES = ['organizationIdentifier', 'serialNumber', 'OU']
const kindsOf = (envelope: string): string[] => [envelope, `${envelope}/statement`]

/** Adds to `findings` what holds of this bid. */
export async function checkBid(bid: BundleBid, ground: Ground, findings: Findings): Promise<void> {
  const { name } = bid
  const frozen = ground.frozen.get(bid.bid)
  await findings.check('receipt', name, () => checkReceipt(bid, known(frozen), ground), () => known(frozen).receipt_number)
  await findings.check('submission', name, () => checkSubmission(bid, known(frozen), ground), (head) => head.at)
  await findings.check('sealed', name, () => checkEnvelopes(bid, known(frozen), ground))
  if (bid.state === 'decrypted') await findings.check('opened', name, () => checkOpened(bid, ground), (price) => price)
  else await findings.check('unopened', name, () => { checkUnopened(bid, ground) }, () => bid.cause ?? '')
  const confirmation = ground.confirmed.get(bid.bid)?.confirmation
  if (isObject(confirmation)) await findings.check('confirmation', name, () => checkConfirmation(bid, confirmation, ground))
}

function known(frozen: FrozenBid | undefined): FrozenBid {
  insist(frozen !== undefined, 'not-authentic', 'the ledger froze no such bid')
  return frozen
}

async function checkReceipt(bid: BundleBid, frozen: FrozenBid, ground: Ground): Promise<void> {
  const body = parseCanonicalObject(bid.receipt.body)
  const decidedAt = new Date(String(body.decided_at))
  await checkPlatformSignature('ebid/1 receipt\0', bid.receipt.body, bid.receipt.signature, ground.trust, decidedAt)
  insist(body.kind === 'receipt' && body.bid === bid.bid && body.version === frozen.version, 'not-authentic', 'the receipt of another bid or version')
  insist(body.number === frozen.receipt_number && body.decided_at === frozen.submitted_at, 'not-authentic', 'another receipt than the ledger names')
  insist(decidedAt.getTime() < Date.parse(ground.lot.opens_at), 'not-authentic', 'decided after the deadline')
  for (const envelope of body.envelopes as readonly JsonObject[]) {
    const kind = String(envelope.kind)
    const same = envelope.header_sha256 === frozen.headers[kind] && envelope.manifest_sha256 === frozen.manifests[kind]
    insist(same, 'not-authentic', 'the receipt is for other envelopes')
  }
}

/** The submission stands in the log, sealed before the opening; who and what it names stays inside until then. */
async function checkSubmission(bid: BundleBid, frozen: FrozenBid, ground: Ground) {
  insist(bid.submission !== null, 'broken-chain', 'the submission has no ledger proof')
  const head = await verifySealedDocument(bid.submission, ground.key)
  const same = head.action === 'bid.submitted' && head.subject === `bid:${bid.bid}` && head.stream === `lot:${ground.lot.id}`
  insist(same && head.at === frozen.submitted_at, 'not-authentic', 'the proof is of another act')
  return head
}

async function checkEnvelopes(bid: BundleBid, frozen: FrozenBid, ground: Ground): Promise<void> {
  const kinds = ground.envelope === 'technical' ? [...kindsOf('price'), ...kindsOf('technical')] : kindsOf(ground.envelope)
  const { spoilt = [] } = bid
  const held = bid.envelopes.map((item) => item.kind)
  // Nothing is left out but what is named; frozen set and receipt tell that it was there.
  const named = [...new Set([...held, ...spoilt])].sort()
  insist(new Set(held).size === held.length && named.join() === kinds.join(), 'malformed', 'a bid has other envelopes')
  // Nothing of an envelope that was not opened here is given away.
  insist(bid.envelopes.every((item) => item.object === undefined || item.kind === `${ground.envelope}/statement`), 'not-authentic', 'content of an envelope that was not opened')
  const certificate = await parseCertificate(bid.certificate)
  insist(certificate.fingerprint === `sha256:${bare(frozen.certificate)}`, 'not-authentic', 'another certificate than was frozen')
  for (const envelope of bid.envelopes) await checkEnvelope(envelope, frozen, certificate, ground)
  insist(spoilt.length === 0, 'not-kept', `not kept: ${spoilt.join(', ')}`)
}

async function checkEnvelope(envelope: BundleEnvelope, frozen: FrozenBid, certificate: Certificate, ground: Ground): Promise<void> {
  insist((await sha256Hex(utf8(envelope.header))) === frozen.headers[envelope.kind], 'not-authentic', 'another header than was frozen')
  const digest = await sha256Hex(utf8(envelope.manifest))
  insist(digest === frozen.manifests[envelope.kind], 'not-authentic', 'another manifest than was frozen')
  const header = readHeader(envelope.header)
  await checkManifest(readManifest(envelope.manifest), header, certificate, fromBase64(envelope.signature))
  const { ctx } = header
  const placed = ctx.lot === ground.lot.code && ctx.envelope === envelope.kind && ctx.version === frozen.version
  // A seal made before an extension names the earlier time; a later one than the opening's was opened too early (R-210/4).
  insist(placed && Date.parse(ctx.opens_at) <= Date.parse(ground.lot.opens_at), 'not-authentic', 'sealed for another place')
  const { readTimestampOver } = await import('@/sealing/timestamp')
  const stamp = await readTimestampOver(fromBase64(envelope.timestamp_token), fromHex(digest), ground.trust.roots)
  insist(stamp.at.getTime() <= Date.parse(ground.lot.opens_at), 'not-authentic', 'stamped after the opening time')
}

/** Decrypts the statement from what was released and compares it with what was announced; gives the price. */
async function checkOpened(bid: BundleBid, ground: Ground): Promise<string> {
  const row = ground.rows.get(bid.bid)
  insist(row !== undefined && row.state === 'decrypted' && row.version === bid.version, 'not-authentic', 'announced as another state or version')
  insist(row.name === bid.name && row.uscc === bid.uscc, 'not-authentic', 'announced under another name')
  await checkReleased(bid, ground)
  const values = parseCanonicalObject(await statementOf(bid, ground)).fields
  insist(isObject(values), 'malformed', 'not an opening statement')
  for (const field of row.fields as readonly JsonObject[]) {
    insist(values[String(field.key)] === field.value, 'not-authentic', `announced another value of ${String(field.key)}`)
  }
  const own = ground.lot.announced_fields.filter((field) => ground.envelope === 'whole' || Boolean(field.priced) === (ground.envelope === 'price'))
  const asked = own.map((field) => field.key).filter((key) => key in values)
  insist(asked.length === (row.fields as readonly unknown[]).length, 'not-authentic', 'not everything asked for was announced')
  const price = ground.envelope !== 'technical' && typeof values.price === 'string' ? yuan(values.price) : null
  insist(price === row.price, 'not-authentic', 'announced another price')
  return price ?? ''
}

/**
 * Who released it has signed: the holder of the wraps that were opened, or with a remedy who was signed in. S_P from
 * the bidder itself counts only where that signature covers it, as a remedy.
 */
export async function checkReleased(bid: BundleBid, ground: Pick<Ground, 'acts' | 'certificates' | 'envelope'> & { lot?: Ground['lot'] }): Promise<void> {
  const told = ground.acts.get('bid.released')?.filter((each) => each.bid === bid.bid).at(-1)
  insist(told !== undefined, 'broken-chain', 'the ledger holds no release of this bid')
  const releases = told.releases as unknown as readonly SealedPart[]
  insist(releases.map((each) => each.kind).sort().join() === kindsOf(ground.envelope).join(), 'malformed', 'a release of other envelopes')
  const alone = releases.filter((each) => each.custody_sha256 !== undefined).length
  insist(alone === 0 || (alone === releases.length && told.remedy === true), 'malformed', 'the custody secret of a release that is no remedy')
  insist(bid.secrets?.s_p === undefined || alone > 0, 'not-authentic', 'a custody secret that its bidder did not give')
  insist(told.remedy !== true || ground.lot?.remedy !== 'none', 'not-authentic', 'a remedy that the tender document does not have')
  const signer = await named(String(told.certificate), ground)
  const signed = await signedBy(signer, releaseBytes(bid.bid, releases, told.remedy === true), fromBase64(String(told.signature)))
  insist(signed, 'not-authentic', 'the release is not signed')
  if (told.remedy === true) return
  for (const { kind, i } of releases) {
    const envelope = bid.envelopes.find((each) => each.kind === kind)
    if (!envelope && bid.spoilt?.includes(kind)) continue
    const header = readHeader(envelope?.header ?? '')
    const cert = wrapsFor(header, 'bidder')[i]?.cert ?? ''
    const holds = cert === signer.fingerprint || isPair(signer, await named(bare(cert), ground))
    insist(holds, 'not-authentic', 'released by another than it was sealed to')
  }
}

async function named(fingerprint: string, { certificates }: Pick<Ground, 'certificates'>): Promise<Certificate> {
  const certificate = await parseCertificate(certificates[fingerprint] ?? '')
  insist(bare(certificate.fingerprint) === fingerprint, 'not-authentic', 'another certificate than is named')
  return certificate
}

async function statementOf(bid: BundleBid, ground: Ground): Promise<Bytes> {
  const { secrets } = bid
  const kind = `${ground.envelope}/statement`
  const envelope = bid.envelopes.find((item) => item.kind === kind)
  insist(!bid.spoilt?.includes(kind), 'not-kept', `not kept: ${kind}`)
  insist(secrets?.kind === kind && envelope?.object !== undefined, 'malformed', 'the statement or its secrets are missing')
  const header = readHeader(envelope.header)
  const manifest = readManifest(envelope.manifest)
  const object = fromBase64(envelope.object)
  await checkParts(object, manifest, header.ctx.seg)
  const floe = secrets.s_p === undefined
    ? await openEnvelope(header, fromHex(secrets.s_b), Object.values(secrets.shares).map(fromHex))
    : await openWhole(header, fromHex(secrets.s_b), fromHex(secrets.s_p))
  const pieces: Bytes[] = []
  for await (const piece of openBody(floe, manifest.size, new Blob([object]))) pieces.push(piece)
  return concat(...pieces)
}

/** The stored bytes are the ones whose digests the bidder signed. */
async function checkParts(object: Bytes, { parts, parts_sm3: twice, size }: Manifest, segment: number): Promise<void> {
  for (const [position, digest] of parts.entries()) {
    const start = position * segment
    const part = object.slice(start, start + sealedSegmentLength(position, size, segment))
    const same = (await sha256Hex(part)) === digest && (twice === undefined || sm3Hex(part) === twice[position])
    insist(same, 'not-authentic', 'the stored bytes differ from the signed manifest')
  }
}

/** A bid that was not opened stays closed: no price was announced, no secret was given away. */
function checkUnopened(bid: BundleBid, ground: Ground): void {
  const row = ground.rows.get(bid.bid)
  insist(row?.state === bid.state && row.price === null && (row.fields as readonly unknown[]).length === 0, 'not-authentic', 'something was announced of a bid that was not opened')
  const action = bid.state === 'revoked' ? 'bid.revoked' : 'bid.withdrawn_by_fault'
  const recorded = ground.acts.get(action)?.some((item) => item.bid === bid.bid && item.cause === bid.cause)
  insist(recorded, 'broken-chain', 'the ledger gives no such cause')
  insist(bid.secrets === null && bid.envelopes.every((item) => item.object === undefined), 'not-authentic', 'secrets of a bid that was not opened')
}

/**
 * The bidder's signature over its announced line. One by another certificate than the bid's, as after a renewal, is the
 * bidder's where its CA wrote the same credit code into it; whether that CA counts is judged with all certificates.
 */
async function checkConfirmation(bid: BundleBid, confirmation: JsonObject, ground: Ground): Promise<void> {
  const fingerprint = bare(String(confirmation.certificate))
  const own = await parseCertificate(bid.certificate)
  const isOwn = bare(own.fingerprint) === fingerprint
  const pem = ground.certificates[fingerprint]
  if (!isOwn && pem === undefined) throw new Undecided('other-certificate')
  const certificate = isOwn ? own : await parseCertificate(pem ?? '')
  const message = concat(utf8('ebid/1 confirm\0'), fromHex(String(ground.rows.get(bid.bid)?.row_sha256)))
  const held = bare(certificate.fingerprint) === fingerprint && (await signedBy(certificate, message, fromBase64(String(confirmation.signature))))
  insist(held, 'not-authentic', 'the bidder did not sign this line')
  if (!isOwn && !names(certificate, bid.uscc)) throw new Undecided('other-certificate')
}

/** Whether the certificate carries the enterprise's credit code, in one of the places where CAs write it. */
function names(certificate: Certificate, uscc: string): boolean {
  return uscc !== '' && CODE_PLACES.some((place) => certificate.subject[place]?.includes(uscc))
}

/** Yuan with two places, as announced; null for what is no amount. */
function yuan(text: string): string | null {
  const match = /^0*(\d+)(?:\.(\d{1,2})0*)?$/.exec(text)
  return match ? `${match[1] ?? ''}.${(match[2] ?? '').padEnd(2, '0')}` : null
}

function bare(fingerprint: string): string {
  return fingerprint.replace(/^sha256:/, '')
}
