import { describe, expect, it } from 'vitest'
import { type Bytes, concat, hex, sha256Hex, utf8 } from '@/sealing/bytes'
import { openBody, resumeSealing, seal, type Sealing } from '@/sealing/envelope'
import { openFloe, plainSegment, resumeFloe, startFloe } from '@/sealing/floe'
import { mayPass, type PartDigests, type PartsJob, type Road, sendParts } from '@/sealing/parts'
import { PutRefused } from '@/sealing/putPart'
import { compareSamples, samplePositions, takeSamples } from '@/sealing/sampling'
import { Speed } from '@/sealing/speed'
import { plaintext, standIn, vector, type KeyVector } from '../vectors'

const SEGMENT = 256
const AAD = utf8('aad')
const KEY = new Uint8Array(32).fill(3)

/** A store that holds what was put, and may fail when told to. */
class Store implements Road {
  readonly parts = new Map<number, Bytes>()
  readonly finishedParts = new Map<number, PartDigests>()
  readonly attempts: number[] = []
  readonly troubles: unknown[] = []
  skippedBytes = 0
  running = 0
  mostRunning = 0

  constructor(private readonly fail: (number: number, attempt: number) => unknown = () => null) {}

  presign(number: number, digest: string) {
    return Promise.resolve({ number, url: `part/${String(number)}`, headers: { digest } })
  }

  async put(target: { number: number; headers: Record<string, string> }, sealed: Bytes, digest: Bytes): Promise<void> {
    this.attempts.push(target.number)
    this.mostRunning = Math.max(this.mostRunning, ++this.running)
    await new Promise((resolve) => setTimeout(resolve, 1))
    this.running--
    const failure = this.fail(target.number, this.attempts.filter((number) => number === target.number).length)
    if (failure !== null) throw failure as Error
    expect(await sha256Hex(sealed)).toBe(hex(digest))
    expect(target.headers.digest).toBe(hex(digest))
    this.parts.set(target.number, sealed)
  }

  finished(number: number, digests: PartDigests): Promise<void> {
    this.finishedParts.set(number, digests)
    return Promise.resolve()
  }

  ready() { return Promise.resolve() }
  rest() { return Promise.resolve() }
  skipped(bytes: number) { this.skippedBytes += bytes }
  troubled(error: unknown) { this.troubles.push(error) }

  body(): Blob {
    return new Blob([...this.parts].sort(([a], [b]) => a - b).map(([, part]) => part))
  }
}

async function job(size: number, done: PartsJob['done'] = new Map()): Promise<PartsJob> {
  return { body: new Blob([plaintext(size)]), floe: await startFloe(KEY, AAD, SEGMENT), done }
}

async function readBack(store: Store, { floe }: PartsJob, size: number): Promise<Bytes> {
  const opened = await openFloe(KEY, AAD, floe.header)
  const segments: Bytes[] = []
  for await (const segment of openBody(opened, size, store.body())) segments.push(segment)
  return concat(...segments)
}

const never = () => new AbortController().signal

describe('sending a body', () => {
  it.each([0, 1, 223, 224, 225, 448, 677, 5000])('of %i bytes stores what opens to it again', async (size) => {
    const store = new Store()
    const work = await job(size)
    const digests = await sendParts(work, store, never())
    expect(digests.map((part) => part.sha256)).toEqual(await Promise.all([...store.parts].sort(([a], [b]) => a - b).map(([, part]) => sha256Hex(part))))
    expect(await readBack(store, work, size)).toEqual(plaintext(size))
    expect(store.mostRunning).toBeLessThanOrEqual(4)
  })

  it('runs in four lanes: none ends before four have begun', async () => {
    const store = new Store()
    let begun = 0
    let open = (): void => undefined
    const four = new Promise<void>((resolve) => { open = resolve })
    const put: Road['put'] = async (target, sealed, digest) => {
      if (++begun === 4) open()
      await four
      await store.put(target as never, sealed, digest)
    }
    await sendParts(await job(2000), { ...road(store), put }, never())
    expect([store.parts.size, store.mostRunning]).toEqual([9, 4])
  })

  it('goes on after a lost network, server errors and expired addresses', async () => {
    const failures = [new PutRefused(0), new PutRefused(503), new TypeError('network'), new PutRefused(403)]
    const store = new Store((_, attempt) => failures[attempt - 1] ?? null)
    const work = await job(1000)
    await sendParts(work, store, never())
    expect(await readBack(store, work, 1000)).toEqual(plaintext(1000))
    expect(store.troubles).toHaveLength(5 * 4)
  })

  it('waits for a lost network without end, but takes no for an answer in the end', async () => {
    const patient = new Store((_, attempt) => (attempt < 50 ? new PutRefused(0) : null))
    await sendParts(await job(10), patient, never())
    expect(patient.attempts).toHaveLength(50)
    const refusing = new Store(() => new PutRefused(400))
    await expect(sendParts(await job(10), refusing, never())).rejects.toMatchObject({ code: 'upload-refused' })
    expect(refusing.attempts).toHaveLength(6)
  })

  it('ends at once when the server says so (the deadline has passed)', async () => {
    const store = new Store()
    const closed = Object.assign(new Error('closed'), { status: 409 })
    await expect(sendParts(await job(5000), { ...road(store), presign: () => Promise.reject(closed) }, never())).rejects.toBe(closed)
    expect(store.parts.size).toBe(0)
    expect(mayPass(Object.assign(new Error('busy'), { status: 503 }))).toBe(true)
    expect(mayPass(Object.assign(new Error('x'), { retry: true }))).toBe(true)
  })

  it('stops when told to, and can be taken up with the message key alone', async () => {
    const stop = new AbortController()
    const store = new Store()
    const work = await job(5000)
    const first = road(store)
    const counted: Road = { ...first, finished: async (number, digests) => { await first.finished(number, digests); if (store.finishedParts.size === 5) stop.abort() } }
    await expect(sendParts(work, counted, stop.signal)).rejects.toMatchObject({ code: 'aborted' })
    const before = new Map(store.finishedParts)
    expect(before.size).toBeGreaterThanOrEqual(5)
    const floe = resumeFloe(work.floe.messageKey, AAD, work.floe.header)
    const attempts = store.attempts.length
    const digests = await sendParts({ ...work, floe, done: before }, store, never())
    expect(store.attempts.length - attempts).toBe(23 - before.size)
    expect(store.skippedBytes).toBe(before.size * SEGMENT)
    for (const [number, { sealed }] of before) expect(digests[number - 1]?.sha256).toBe(sealed)
    expect(await readBack(store, work, 5000)).toEqual(plaintext(5000))
  })

  it('refuses another file, wherever it differs from the parts already sent', async () => {
    const store = new Store()
    const work = await job(5000)
    await sendParts(work, store, never())
    const other = plaintext(5000)
    other[2500] = (other[2500] as number) ^ 1
    const resumed = { ...work, body: new Blob([other]), done: store.finishedParts }
    await expect(sendParts(resumed, store, never())).rejects.toMatchObject({ code: 'wrong-file' })
  })

  it('waits while it is paused', async () => {
    const store = new Store()
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => { open = resolve })
    const sent = sendParts(await job(1000), { ...road(store), ready: () => gate }, never())
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(store.attempts).toEqual([])
    open()
    await sent
    expect(store.parts.size).toBe(5)
  })
})

/** The store as a plain object, so that single acts can be replaced. */
function road(store: Store): Road {
  return {
    presign: (number, digest) => store.presign(number, digest),
    put: (target, sealed, digest) => store.put(target as never, sealed, digest),
    finished: (number, digests) => store.finished(number, digests),
    ready: () => store.ready(),
    rest: () => store.rest(),
    skipped: (bytes) => { store.skipped(bytes) },
    troubled: (error) => { store.troubled(error) },
  }
}

describe('samples of a file', () => {
  it('are first, last and eight others, or all of a short one', () => {
    expect(samplePositions(1)).toEqual([0])
    expect(samplePositions(3)).toContain(2)
    const positions = samplePositions(513)
    expect([positions.length, positions[0], positions[9]]).toEqual([10, 0, 512])
  })

  it('tell the same file from another', async () => {
    const body = new Blob([plaintext(5000)])
    const samples = await takeSamples(body, SEGMENT)
    await compareSamples(body, SEGMENT, samples)
    const altered = plaintext(5000)
    altered[4999] = (altered[4999] as number) ^ 1
    await expect(compareSamples(new Blob([altered]), SEGMENT, samples)).rejects.toMatchObject({ code: 'wrong-file' })
  })
})

describe('speed', () => {
  it('is that of the last seconds, and starts anew after a pause', () => {
    const speed = new Speed()
    expect(speed.secondsFor(100)).toBeNull()
    for (let second = 0; second <= 60; second++) speed.add(second < 30 ? 10 : 1000, second * 1000)
    expect(speed.perSecond()).toBeCloseTo(1000, -1)
    expect(speed.secondsFor(5000)).toBeCloseTo(5, 0)
    speed.restart()
    expect(speed.perSecond()).toBeNull()
  })
})

describe('sealing and its resume', () => {
  it('go on from header and message key alone', async () => {
    const { keys } = vector<{ keys: Record<string, KeyVector> }>('ebid-1-full.json')
    const certificate = (name: string) => standIn(keys[name] as KeyVector)
    const custodians = ['custodian_1', 'custodian_2', 'custodian_3'].map(certificate)
    const bidder = [certificate('bidder_ec'), certificate('bidder_rsa')]
    const ctx = { tender: 't', lot: 'l', round: 1, bidder: bidder[0]?.fingerprint ?? '', version: 1, envelope: 'whole', opens_at: '2026-12-01T01:00:00Z', suite: 1, seg: SEGMENT, k: 2, n: 3, custodians: custodians.map((item) => item.fingerprint) } as const
    const sealing: Sealing = await seal({ ctx, bidder, custodians })
    expect((sealing.floe.messageKey as CryptoKey).extractable).toBe(false)
    const resumed = await resumeSealing(sealing.header, sealing.floe.messageKey)
    expect(resumed.floe.aad).toEqual(sealing.floe.aad)
    expect(plainSegment(resumed.floe.segment)).toBe(224)
    await expect(seal({ ctx, bidder, custodians: custodians.slice(1) })).rejects.toMatchObject({ code: 'malformed' })
  })
})
