/** The upload worker: reads, seals, hashes and sends, so that the page stays quick. Its only secret is the message key. */
import { digestOf } from './digesting'
import { resumeSealing } from './envelope'
import { Fault } from './faults'
import { readHeader } from './header'
import { type PartDigests, type Road, sendParts } from './parts'
import type { AgainMessage, FromWorker, StartMessage, ToWorker } from './protocol'
import { type PartUrl, putPart } from './putPart'
import { checkAgain, sendAgain } from './resealing'
import { rememberPart, rememberSamples } from './resume'
import { compareSamples, takeSamples } from './sampling'

const stop = new AbortController()
const calls = new Map<number, { resolve(target: PartUrl): void; reject(error: Error): void }>()
let lastCall = 0
let gate = Promise.resolve()
let openGate = (): void => undefined
let paused = false

self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === 'start') void run(data)
  else if (data.type === 'digest') void digest(data.body)
  else if (data.type === 'again') void again(data)
  else if (data.type === 'pause') pause()
  else if (data.type === 'go') go()
  else if (data.type === 'abort') stopAll()
  else answerCall(data)
})

async function run(start: StartMessage): Promise<void> {
  try {
    const { floe } = await resumeSealing(readHeader(start.header), start.messageKey)
    if (start.samples !== null) await compareSamples(start.body, floe.segment, start.samples)
    else if (start.record !== null) {
      const samples = await takeSamples(start.body, floe.segment)
      await rememberSamples(start.record, samples)
      tell({ type: 'sampled', samples })
    }
    const parts = await sendParts({ body: start.body, floe, done: new Map(start.done) }, roadFor(start.record), stop.signal)
    tell({ type: 'done', parts })
  } catch (error) {
    tell(failure(error))
  }
}

async function digest(body: Blob): Promise<void> {
  try {
    tell({ type: 'digested', digest: await digestOf(body, (bytes) => { tell({ type: 'moved', bytes, fresh: true }) }) })
  } catch (error) {
    tell(failure(error))
  }
}

async function again({ header, messageKey, send, ...rest }: AgainMessage): Promise<void> {
  try {
    const { floe } = await resumeSealing(readHeader(header), messageKey)
    const job = { ...rest, floe }
    if (send === null) await checkAgain(job, (bytes) => { tell({ type: 'moved', bytes, fresh: true }) }, stop.signal)
    else await sendAgain(job, send, roadFor(null), stop.signal)
    tell({ type: 'done', parts: [] })
  } catch (error) {
    tell(failure(error))
  }
}

function roadFor(record: string | null): Road {
  return {
    presign: (number, digest) =>
      new Promise((resolve, reject) => {
        const call = ++lastCall
        calls.set(call, { resolve, reject })
        tell({ type: 'presign', call, number, digest })
      }),
    put: (target, sealed, digest, signal) =>
      putPart(target, sealed, { digest, signal, onSent: (bytes) => { tell({ type: 'moved', bytes, fresh: true }) } }),
    finished: async (number: number, digests: PartDigests) => {
      if (record !== null) await rememberPart(record, number, digests)
      tell({ type: 'part', number })
    },
    ready: () => gate,
    rest,
    skipped: (bytes) => { tell({ type: 'moved', bytes, fresh: false }) },
    troubled: (error) => { tell({ type: 'troubled', message: error instanceof Error ? error.message : '' }) },
  }
}

/** Half a second, doubled with each attempt up to half a minute, with a third of chance so that lanes do not march in step. */
function rest(attempt: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(30_000, 500 * 2 ** (attempt - 1))
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, longest * (0.67 + Math.random() * 0.33))
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve() }, { once: true })
  })
}

function pause(): void {
  if (paused) return
  paused = true
  gate = new Promise((resolve) => { openGate = resolve })
}

function go(): void {
  paused = false
  openGate()
}

function stopAll(): void {
  stop.abort(new Fault('aborted', 'upload was stopped'))
  for (const { reject } of calls.values()) reject(new Fault('aborted', 'upload was stopped'))
  go()
}

function answerCall(data: Extract<ToWorker, { type: 'presigned' | 'presign-failed' }>): void {
  const waiting = calls.get(data.call)
  calls.delete(data.call)
  if (data.type === 'presigned') waiting?.resolve(data.target)
  else waiting?.reject(Object.assign(new Error(data.message), { name: 'PresignFailed', retry: data.retry }))
}

function failure(error: unknown): FromWorker {
  const message = error instanceof Error ? error.message : ''
  if (error instanceof Fault) return { type: 'failed', code: error.code, message, facts: error.facts }
  return { type: 'failed', code: error instanceof Error && error.name === 'PresignFailed' ? 'presign' : 'upload-refused', message }
}

function tell(message: FromWorker): void {
  self.postMessage(message)
}
