/** Work over a large plaintext in the upload worker, so that the page stays quick; the server's calls are made here. */
import { type Bytes, fromHex } from './bytes'
import { Fault } from './faults'
import { mayPass } from './parts'
import { type Progress, ProgressMeter } from './progress'
import type { AgainMessage, FromWorker, ToWorker } from './protocol'
import type { PartUrl } from './putPart'

export type Presign = (number: number, digest: string) => Promise<PartUrl>
type Call = Extract<FromWorker, { type: 'presign' }>
type End = Extract<FromWorker, { type: 'done' | 'digested' }>

/** What the worker answers in the end; throws the fault that stopped it, or what `presign` was refused with. */
export async function inWorker(worker: Worker, message: ToWorker, meter: ProgressMeter, presign: Presign): Promise<End> {
  const send = (answer: ToWorker) => { worker.postMessage(answer) }
  return new Promise((resolve, reject) => {
    let refusal: unknown
    worker.onerror = (event) => { reject(new Fault('upload-refused', event.message)) }
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'presign') void answer(presign, data, send).catch((error: unknown) => { refusal = error })
      else if (data.type === 'done' || data.type === 'digested') resolve(data)
      else if (data.type === 'failed') reject(data.code === 'presign' ? (refusal as Error) : new Fault(data.code, data.message, { facts: data.facts ?? {} }))
      else meter.take(data)
    }
    send(message)
  })
}

async function answer(presign: Presign, { call, number, digest }: Call, send: (message: ToWorker) => void): Promise<void> {
  try {
    send({ type: 'presigned', call, target: await presign(number, digest) })
  } catch (error) {
    send({ type: 'presign-failed', call, retry: mayPass(error), message: error instanceof Error ? error.message : '' })
    if (!mayPass(error)) throw error
  }
}

export function newWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
}

const NO_PARTS: Presign = () => Promise.reject(new Fault('malformed', 'no part is sent'))

/** Makes an object again with its recipe: compares all of it, or sends the parts that are asked for. */
export async function makeAside(message: AgainMessage, meter: ProgressMeter, presign: Presign = NO_PARTS): Promise<void> {
  const worker = newWorker()
  meter.read()
  try {
    await inWorker(worker, message, meter, presign)
  } finally {
    worker.terminate()
  }
}

/** SHA-256 of a plaintext of any size. */
export async function digestAside(body: Blob, onProgress: (progress: Progress) => void): Promise<Bytes> {
  const worker = newWorker()
  const meter = new ProgressMeter(body.size, onProgress, 'reading')
  meter.read()
  try {
    const end = await inWorker(worker, { type: 'digest', body }, meter, NO_PARTS)
    return fromHex(end.type === 'digested' ? end.digest : '')
  } finally {
    worker.terminate()
  }
}
