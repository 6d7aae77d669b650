/** Sealing and opening EBID/1 objects. *When* one may open is not decided here. */
import { base64, type Bytes, fromBase64, hex, random } from './bytes'
import type { Certificate } from './certificate'
import { bodyAad, commitment, type Context, contextHash, fileKey, readContext } from './context'
import { insist } from './faults'
import { type Floe, openFloe, openSegment, resumeFloe, sealedSegmentLength, segmentCount, startFloe } from './floe'
import { checkBidderSecret, checkCustodySecret, checkShare, type Header } from './header'
import { combine, split } from './shamir'
import { sealTrial } from './trial'
import { type Wrap, wrapSecret } from './wraps'

/** An object being sealed: what is kept for a resume. S_B and S_P are gone when `seal` returns. */
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
}

/** Makes H: both secrets, shares, commitments, wraps, the FLOE header and the trial segment. */
export async function seal(request: SealRequest): Promise<Sealing> {
  const { bidder, custodians } = request
  const ctx = readContext(request.ctx)
  insist(bidder.length === 1 || bidder.length === 2, 'malformed', 'one or two certificates of the bidder')
  insist(custodians.map((item) => item.fingerprint).join() === ctx.custodians.join(), 'malformed', 'custodians differ from ctx')
  const ch = await contextHash(ctx)
  const bidderSecret = random(32)
  const custodySecret = random(32)
  const shares = split(custodySecret, ctx.k, ctx.n)
  try {
    const key = await fileKey(bidderSecret, custodySecret, ch)
    const floe = await startFloe(key, bodyAad(ctx.suite, ch), ctx.seg)
    key.fill(0)
    const header: Header = {
      v: 1,
      ctx,
      floe: base64(floe.header),
      com_b: hex(await commitment('b', bidderSecret)),
      com_p: hex(await commitment('p', custodySecret)),
      com_s: await Promise.all(shares.map(async (share) => hex(await commitment('s', share)))),
      wraps: await wrapAll(bidderSecret, shares, ch, request),
      trial: await sealTrial(bidderSecret, ch),
    }
    return { header, floe }
  } finally {
    for (const secret of [bidderSecret, custodySecret, ...shares]) secret.fill(0)
  }
}

function wrapAll(bidderSecret: Bytes, shares: readonly Bytes[], ch: Bytes, { bidder, custodians }: SealRequest): Promise<Wrap[]> {
  return Promise.all([
    ...bidder.map((certificate, i) => wrapSecret(bidderSecret, 'bidder', i, ch, certificate)),
    ...custodians.map((certificate, i) => wrapSecret(shares[i] as Bytes, 'custodian', i + 1, ch, certificate)),
  ])
}

/** Goes on with the kept header and message key; segments sealed anew get a fresh IV. */
export async function resumeSealing(header: Header, messageKey: CryptoKey): Promise<Sealing> {
  const aad = bodyAad(header.ctx.suite, await contextHash(header.ctx))
  return { header, floe: resumeFloe(messageKey, aad, fromBase64(header.floe)) }
}

/** Opens the header with S_B and at least k shares, every commitment checked. */
export async function openEnvelope(header: Header, bidderSecret: Bytes, shares: readonly Bytes[]): Promise<Floe> {
  await checkBidderSecret(header, bidderSecret)
  for (const share of shares) await checkShare(header, share[share.length - 1] ?? 0, share)
  insist(shares.length >= header.ctx.k, 'wrong-commitment', 'too few shares')
  const custodySecret = combine(shares.slice(0, header.ctx.k))
  await checkCustodySecret(header, custodySecret)
  const ch = await contextHash(header.ctx)
  const key = await fileKey(bidderSecret, custodySecret, ch)
  return openFloe(key, bodyAad(header.ctx.suite, ch), fromBase64(header.floe))
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
