/** Sealing and uploading one envelope from the page: the API stays here, the work is done in the worker. */
import { inWorker, newWorker } from './aside'
import { base64 } from './bytes'
import { canonicalText, type JsonObject } from './canonical'
import { type Sealing, seal, type SealRequest } from './envelope'
import { Fault } from './faults'
import { segmentCount } from './floe'
import { type Header, readHeader } from './header'
import { type Manifest, manifestOf, signManifest, type StoredPart } from './manifest'
import { type Progress, ProgressMeter } from './progress'
import type { StartMessage, ToWorker } from './protocol'
import type { PartUrl } from './putPart'
import { checkFiles, confirmedParts, type FileName, forgetUpload, type PendingUpload, rememberUpload } from './resume'
import type { Signer } from './signer'

/** The server as an upload sees it. An error is final unless it is a TypeError, has a status of 0, 408, 429, 5xx, or `retry: true`. */
export interface UploadApi {
  /** Opens the envelope; returns the id under which an upload is taken up again. */
  openEnvelope(header: string, size: number, partCount: number): Promise<string>
  presign(numbers: readonly number[], digests: readonly string[]): Promise<readonly PartUrl[]>
  /** Parts the store holds, with their SHA-256 as hex. */
  listParts(): Promise<readonly { readonly number: number; readonly digest: string }[]>
  /** M as text and its signature in base64. */
  complete(manifest: string, signature: string): Promise<void>
}

export interface Chosen {
  readonly body: Blob
  readonly files: readonly FileName[]
}

export interface UploadOptions {
  readonly api: UploadApi
  readonly signer: Signer
  readonly chosen: Chosen
  readonly onProgress: (progress: Progress) => void
  /** All parts are in the store, as they were sent last; nothing is complete before this is done. */
  readonly onSent?: ((header: Header, parts: readonly StoredPart[]) => Promise<void>) | undefined
}

export interface UploadHandle {
  /** The signed manifest's content, once the server took it. */
  readonly done: Promise<Manifest>
  pause(): void
  go(): void
  /** Stops; what was sent stays, and the upload can be taken up again. */
  abort(): void
}

/** Seals `chosen` for the request and sends it. A statement is small and is not kept for a resume (`resumable` false). */
export function startUpload(request: SealRequest, options: UploadOptions, { resumable = true, note = {} as JsonObject } = {}): UploadHandle {
  return operate(options, async () => {
    const { header, floe } = await seal(request)
    const text = canonicalText(header)
    const { body, files } = options.chosen
    const id = await options.api.openEnvelope(text, body.size, segmentCount(body.size, floe.segment))
    if (resumable) {
      await rememberUpload({ id, messageKey: floe.messageKey, header: text, files, size: body.size, samples: null, parts: [], startedAt: Date.now(), note })
    }
    return { type: 'start', body, messageKey: floe.messageKey, header: text, done: [], samples: null, record: resumable ? id : null }
  })
}

/** Goes on with an upload of this browser; refuses another file. */
export function resumeUpload(upload: PendingUpload, options: UploadOptions): UploadHandle {
  return operate(options, async () => {
    const { body, files } = options.chosen
    checkFiles(upload, files)
    if (body.size !== upload.size) throw new Fault('wrong-file', 'another size than the file whose upload began')
    const done = confirmedParts(upload, await options.api.listParts())
    return { type: 'start', body, messageKey: upload.messageKey, header: upload.header, done, samples: upload.samples, record: upload.id }
  })
}

function operate(options: UploadOptions, prepare: () => Promise<StartMessage>): UploadHandle {
  const worker = newWorker()
  const send = (message: ToWorker) => { worker.postMessage(message) }
  const meter = new ProgressMeter(options.chosen.body.size, options.onProgress)
  const control = { held: false }
  const weather = () => {
    const still = control.held || !navigator.onLine
    send({ type: still ? 'pause' : 'go' })
    meter.held(control.held ? 'paused' : navigator.onLine ? null : 'offline')
  }
  addEventListener('online', weather)
  addEventListener('offline', weather)
  const done = carryOut(worker, meter, options, prepare, weather).finally(() => {
    removeEventListener('online', weather)
    removeEventListener('offline', weather)
    worker.terminate()
  })
  return {
    done,
    pause: () => { control.held = true; weather() },
    go: () => { control.held = false; weather() },
    abort: () => { send({ type: 'abort' }) },
  }
}

async function carryOut(
  worker: Worker, meter: ProgressMeter, options: UploadOptions,
  prepare: () => Promise<StartMessage>, weather: () => void,
): Promise<Manifest> {
  const start = await prepare()
  const header = readHeader(start.header)
  meter.begin(header.ctx.seg)
  const sent = inWorker(worker, start, meter, async (number, digest) => {
    const [target] = await options.api.presign([number], [digest])
    if (target === undefined) throw new Fault('upload-refused', 'no address for the part')
    return target
  })
  weather()
  const end = await sent
  const parts = end.type === 'done' ? end.parts : []
  meter.ending('completing')
  await options.onSent?.(header, parts)
  const manifest = await manifestOf(header, parts, options.chosen.body.size)
  await options.api.complete(canonicalText(manifest), base64(await signManifest(options.signer, manifest)))
  if (start.record !== null) await forgetUpload(start.record)
  meter.ending('complete')
  return manifest
}

export type { Manifest, PartUrl, PendingUpload, Progress, Sealing }
