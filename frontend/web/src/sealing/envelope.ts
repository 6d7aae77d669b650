/** Sealing and opening EBID/1 objects. *When* one may open is not decided here. */
import { base64, type Bytes, fromBase64, hex, random } from './bytes'
import type { Certificate } from './certificate'
import { bodyAad, commitment, type Context, contextHash, fileKey, readContext } from './context'
import { insist } from './faults'
import { type Floe, openFloe, openSegment, resumeFloe, sealedSegmentLength, segmentCount, startFloe } from './floe'
import { checkBidderSecret, checkCustodySecret, checkShare, type Header, headerDigest } from './header'
import type { BothSecrets } from './recipe'
import { wrapUnder } from './recovery'
import { combine, split } from './shamir'
import { type MacKey, type Suite, suiteOf } from './suites'
import { sealTrial } from './trial'
import { type Wrap, wrapSecret } from './wraps'

/** An object being sealed: what is kept for a resume. S_B and S_P are gone when `seal` returns, but for what its bidder wants kept. */
export interface Sealing {
  readonly header: Header
  readonly floe: Floe
}

export interface SealRequest {
  readonly ctx: Context
  /** One or two certificates of the bidder. */
  readonly bidder: readonly Certificate[]
  /** In the order of `ctx.custodians`. */
  readonly custodians: readonly Certificate[]
  /** Takes S_B and S_P with the digest of H before anything is sent, where the bidder wants a backup or a recipe and the tender document has a remedy. */
  readonly keepSecrets?: (headerDigest: string, both: BothSecrets) => Promise<void>
  /** A recovery code that is to open S_B as well, in the same case. */
  readonly code?: string
}

/** Makes H: both secrets, shares, commitments, wraps, the FLOE header and the trial segment. */
export async function seal(request: SealRequest): Promise<Sealing> {
  const { bidder, custodians } = request
  const ctx = readContext(request.ctx)
  insist(bidder.length === 1 || bidder.length === 2, 'malformed', 'one or two certificates of the bidder')
  insist(custodians.map((item) => item.fingerprint).join() === ctx.custodians.join(), 'malformed', 'custodians differ from ctx')
  const suite = suiteOf(ctx.suite)
  const ch = await contextHash(ctx)
  const bidderSecret = random(32)
  const custodySecret = random(32)
  const shares = split(custodySecret, ctx.k, ctx.n)
  try {
    const key = await fileKey(bidderSecret, custodySecret, ch, suite)
    const floe = await startFloe(key, bodyAad(ctx.suite, ch), ctx.seg, undefined, suite)
    key.fill(0)
    const header: Header = {
      v: 1,
      ctx,
      floe: base64(floe.header),
      com_b: hex(await commitment('b', bidderSecret, suite)),
      com_p: hex(await commitment('p', custodySecret, suite)),
      com_s: await Promise.all(shares.map(async (share) => hex(await commitment('s', share, suite)))),
      wraps: await wrapAll(bidderSecret, shares, ch, request, suite),
      trial: await sealTrial(bidderSecret, ch, undefined, suite),
      ...(request.code === undefined ? {} : { recovery: await wrapUnder(request.code, bidderSecret, ch) }),
    }
    await request.keepSecrets?.(await headerDigest(header), { bidder: bidderSecret, custody: custodySecret })
    return { header, floe }
  } finally {
    for (const secret of [bidderSecret, custodySecret, ...shares]) secret.fill(0)
  }
}

function wrapAll(bidderSecret: Bytes, shares: readonly Bytes[], ch: Bytes, { bidder, custodians }: SealRequest, suite: Suite): Promise<Wrap[]> {
  return Promise.all([
    ...bidder.map((certificate, i) => wrapSecret(bidderSecret, 'bidder', i, ch, certificate, suite)),
    ...custodians.map((certificate, i) => wrapSecret(shares[i] as Bytes, 'custodian', i + 1, ch, certificate, suite)),
  ])
}

/** Goes on with the kept header and message key; segments sealed anew get a fresh IV. */
export async function resumeSealing(header: Header, messageKey: MacKey): Promise<Sealing> {
  const aad = bodyAad(header.ctx.suite, await contextHash(header.ctx))
  return { header, floe: resumeFloe(messageKey, aad, fromBase64(header.floe), suiteOf(header.ctx.suite)) }
}

/** Opens the header with S_B and at least k shares, every commitment checked. */
export async function openEnvelope(header: Header, bidderSecret: Bytes, shares: readonly Bytes[]): Promise<Floe> {
  await checkBidderSecret(header, bidderSecret)
  for (const share of shares) await checkShare(header, share[share.length - 1] ?? 0, share)
  insist(shares.length >= header.ctx.k, 'wrong-commitment', 'too few shares')
  return openWhole(header, bidderSecret, combine(shares.slice(0, header.ctx.k)))
}

/** Opens the header with both secrets, each compared with its commitment. */
export async function openWhole(header: Header, bidderSecret: Bytes, custodySecret: Bytes): Promise<Floe> {
  await checkBidderSecret(header, bidderSecret)
  await checkCustodySecret(header, custodySecret)
  const ch = await contextHash(header.ctx)
  const suite = suiteOf(header.ctx.suite)
  const key = await fileKey(bidderSecret, custodySecret, ch, suite)
  return openFloe(key, bodyAad(header.ctx.suite, ch), fromBase64(header.floe), undefined, suite)
}

/** Opens a whole body of `size` plaintext bytes, segment by segment; refuses missing and trailing bytes before it begins. */
export async function* openBody(floe: Floe, size: number, body: Blob): AsyncGenerator<Bytes> {
  const count = segmentCount(size, floe.segment)
  const end = (count - 1) * floe.segment + sealedSegmentLength(count - 1, size, floe.segment)
  insist(body.size === end, 'malformed', 'body has another length than its manifest says')
  for (let position = 0; position < count; position++) {
    const start = position * floe.segment
    const length = sealedSegmentLength(position, size, floe.segment)
    const sealed = new Uint8Array(await body.slice(start, start + length).arrayBuffer())
    yield openSegment(floe, position, position === count - 1, sealed)
  }
}
