/** Sends a body part by part: read, seal, hash, put, four lanes at once, until every part is in the store. */
import { base64, type Bytes, hex, sha256, sha256Hex } from './bytes'
import { Fault, insist } from './faults'
import { type Floe, plainSegment, sealedSegmentLength, sealSegment, segmentCount } from './floe'
import type { StoredPart } from './manifest'
import type { PartUrl } from './putPart'
import { sm3Hex } from './suites'

/** SHA-256 of the stored part and of the plaintext it came from, lower-case hex; in suite 2 the stored part's SM3 as well; its IV in base64. */
export type PartDigests = { readonly sealed: string; readonly plain: string; readonly sm3?: string; readonly iv?: string }

export interface PartsJob {
  readonly body: Blob
  readonly floe: Floe
  /** Parts finished before, by part number. */
  readonly done: ReadonlyMap<number, PartDigests>
  readonly lanes?: number
}

/** What the lanes need of the world around them. */
export interface Road {
  presign(number: number, digest: string): Promise<PartUrl>
  put(target: PartUrl, sealed: Bytes, digest: Bytes, signal: AbortSignal): Promise<void>
  /** The part is in the store: remember it. */
  finished(number: number, digests: PartDigests): Promise<void>
  /** Resolves when sending is allowed (not paused, network present). */
  ready(): Promise<void>
  /** Waits before attempt `attempt` (from 1). */
  rest(attempt: number, signal: AbortSignal): Promise<void>
  /** A part that was already there was checked (`bytes` stored), or an attempt failed. */
  skipped(bytes: number): void
  troubled(error: unknown): void
}

const MOST_REFUSALS = 6

/** Digests of the stored parts in order. Refuses with `wrong-file` when a part done before came from other bytes. */
export async function sendParts(job: PartsJob, road: Road, signal: AbortSignal): Promise<StoredPart[]> {
  const count = segmentCount(job.body.size, job.floe.segment)
  const digests = new Array<StoredPart>(count)
  await inLanes(count, job.lanes ?? 4, signal, async (position, both) => {
    digests[position] = await sendPart(job, road, position, position === count - 1, both)
  })
  return digests
}

/** Acts on 0 … count − 1, some at once; the first that fails stops the others, and is thrown. */
export async function inLanes(count: number, most: number, signal: AbortSignal, act: (position: number, signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController()
  const both = AbortSignal.any([signal, stop.signal])
  let next = 0
  const lane = async () => {
    for (let position = next++; position < count; position = next++) {
      both.throwIfAborted()
      await act(position, both)
    }
  }
  const lanes = Array.from({ length: Math.min(most, count) }, lane)
  try {
    await Promise.all(lanes)
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(lanes)
    throw signal.aborted ? new Fault('aborted', 'upload was stopped') : error
  }
}

/** Plaintext of segment `position`. */
export function readSegment(body: Blob, position: number, segment: number): Promise<Bytes> {
  const length = plainSegment(segment)
  return readBytes(body, position * length, (position + 1) * length)
}

export async function readBytes(body: Blob, begin: number, end: number): Promise<Bytes> {
  const bytes = await body.slice(begin, end).arrayBuffer().catch((cause: unknown) => {
    // A file changed or moved after it was chosen can no longer be read.
    throw new Fault('wrong-file', 'the file can no longer be read', { cause })
  })
  return new Uint8Array(bytes)
}

async function sendPart(job: PartsJob, road: Road, position: number, last: boolean, signal: AbortSignal): Promise<StoredPart> {
  const number = position + 1
  const plain = await readSegment(job.body, position, job.floe.segment)
  const plainDigest = await sha256Hex(plain)
  const before = job.done.get(number)
  if (before !== undefined) {
    insist(before.plain === plainDigest, 'wrong-file', 'another file than the one whose upload began')
    road.skipped(sealedSegmentLength(position, job.body.size, job.floe.segment))
    return storedPart(before)
  }
  const sealed = await sealSegment(job.floe, position, last, plain)
  const digest = await sha256(sealed)
  const digests = { sealed: hex(digest), plain: plainDigest, iv: base64(sealed.slice(4, 16)), ...(job.floe.suite.isSm ? { sm3: sm3Hex(sealed) } : {}) }
  await deliver(road, number, sealed, digest, signal)
  await road.finished(number, digests)
  return storedPart(digests)
}

const storedPart = ({ sealed, sm3, iv }: PartDigests): StoredPart => ({ sha256: sealed, ...(sm3 === undefined ? {} : { sm3 }), ...(iv === undefined ? {} : { iv }) })

/** Brings one sealed part to the store, whatever the line does meanwhile. */
export function deliver(road: Road, number: number, sealed: Bytes, digest: Bytes, signal: AbortSignal): Promise<void> {
  return persist(road, signal, async () => {
    const target = await road.presign(number, hex(digest))
    signal.throwIfAborted()
    await road.put(target, sealed, digest, signal)
  })
}

/** Tries until it succeeds: a lost network is waited for without end, a refusal only some times. */
async function persist(road: Road, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  let refusals = 0
  for (let attempt = 1; ; attempt++) {
    await road.ready()
    signal.throwIfAborted()
    try {
      await act()
      return
    } catch (error) {
      signal.throwIfAborted()
      if (isFinal(error)) throw error
      if (isRefusal(error) && ++refusals >= MOST_REFUSALS) throw new Fault('upload-refused', 'the store refuses a part', { cause: error })
      road.troubled(error)
    }
    await road.rest(attempt, signal)
  }
}

/** No network (TypeError of fetch, status 0) and the server's 5xx pass; so does what says so itself. */
export function mayPass(error: unknown): boolean {
  if (error instanceof TypeError) return true
  const { status, retry } = error as { status?: unknown; retry?: unknown }
  return retry === true || (typeof status === 'number' && (status === 0 || status === 408 || status === 429 || status >= 500))
}

function isRefusal(error: unknown): boolean {
  return !mayPass(error)
}

/** A refusal by the store may come from an expired address and is tried again; any other is final. */
function isFinal(error: unknown): boolean {
  return isRefusal(error) && (error as Error | undefined)?.name !== 'PutRefused'
}
