/** What an upload leaves in the browser's store so that it can go on after a closed tab: MK, H, digests; never S_B or S_P. */
import type { JsonObject } from './canonical'
import { Fault, insist } from './faults'
import type { PartDigests } from './parts'
import type { Sample } from './protocol'
import type { MacKey } from './suites'
import { amend, discard, keep, recall, recallAll } from './vault'

export interface FileName {
  readonly name: string
  readonly size: number
}

export type PendingUpload = {
  /** What `UploadApi.openEnvelope` returned. */
  readonly id: string
  /** MK, not exportable. */
  readonly messageKey: MacKey
  /** H as text. */
  readonly header: string
  /** The chosen files, in the order in which they make the body. */
  readonly files: readonly FileName[]
  readonly size: number
  readonly samples: readonly Sample[] | null
  readonly parts: readonly (readonly [number, PartDigests])[]
  readonly startedAt: number
  /** The page's own words about it (lot, bid version …). */
  readonly note: JsonObject
}

const SHELF = 'uploads'

export function rememberUpload(upload: PendingUpload): Promise<void> {
  return keep(SHELF, upload)
}

export function rememberSamples(id: string, samples: readonly Sample[]): Promise<void> {
  return amend<PendingUpload>(SHELF, id, (upload) => ({ ...upload, samples }))
}

export function rememberPart(id: string, number: number, digests: PartDigests): Promise<void> {
  return amend<PendingUpload>(SHELF, id, (upload) => ({
    ...upload,
    parts: [...upload.parts.filter(([other]) => other !== number), [number, digests] as const],
  }))
}

/** Uploads this browser can take up again. */
export function pendingUploads(): Promise<PendingUpload[]> {
  return recallAll<PendingUpload>(SHELF)
}

export async function pendingUpload(id: string): Promise<PendingUpload> {
  const upload = await recall<PendingUpload>(SHELF, id)
  if (upload === undefined) throw new Fault('no-key', 'this browser knows no such upload')
  return upload
}

export function forgetUpload(id: string): Promise<void> {
  return discard(SHELF, id)
}

/** Refuses files with other names or sizes than those whose upload began. */
export function checkFiles(upload: PendingUpload, files: readonly FileName[]): void {
  const same = files.map((file) => `${file.name}\0${String(file.size)}`).join('\n')
  insist(same === upload.files.map((file) => `${file.name}\0${String(file.size)}`).join('\n'), 'wrong-file', 'other names or sizes than the files whose upload began')
}

/** Finished parts that the server has too, with the same digest; the others are sealed and sent anew. */
export function confirmedParts(upload: PendingUpload, listed: readonly { readonly number: number; readonly digest: string }[]): [number, PartDigests][] {
  const stored = new Map(listed.map(({ number, digest }) => [number, digest]))
  return upload.parts.filter(([number, digests]) => stored.get(number) === digests.sealed).map(([number, digests]) => [number, digests])
}
