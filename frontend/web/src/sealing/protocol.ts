/** Messages between the page and the upload worker. */
import type { Bytes } from './bytes'
import type { FaultCode, Facts } from './faults'
import type { StoredPart } from './manifest'
import type { PartDigests } from './parts'
import type { PartUrl } from './putPart'
import type { MacKey } from './suites'

export interface Sample {
  readonly position: number
  readonly sha256: string
}

export type StartMessage = {
  readonly type: 'start'
  readonly body: Blob
  readonly messageKey: MacKey
  /** H as text. */
  readonly header: string
  readonly done: readonly (readonly [number, PartDigests])[]
  /** Samples to compare, of an upload taken up again; null for a new one. */
  readonly samples: readonly Sample[] | null
  /** Where finished parts are remembered; null for what is not resumed. */
  readonly record: string | null
}

/** Asks for the SHA-256 of a whole plaintext, under which a resealing recipe is locked. */
export type DigestMessage = { readonly type: 'digest'; readonly body: Blob }

/** Makes an object again with its recipe's IVs: every part compared with the manifest (`send` null), or these sent. */
export type AgainMessage = {
  readonly type: 'again'
  readonly body: Blob
  readonly messageKey: MacKey
  /** H as text. */
  readonly header: string
  readonly ivs: readonly Bytes[]
  /** SHA-256 of each stored segment as the manifest names it. */
  readonly parts: readonly string[]
  readonly send: readonly number[] | null
}

export type ToWorker =
  | StartMessage
  | DigestMessage
  | AgainMessage
  | { readonly type: 'presigned'; readonly call: number; readonly target: PartUrl }
  | { readonly type: 'presign-failed'; readonly call: number; readonly retry: boolean; readonly message: string }
  | { readonly type: 'pause' }
  | { readonly type: 'go' }
  | { readonly type: 'abort' }

export type FromWorker =
  | { readonly type: 'sampled'; readonly samples: readonly Sample[] }
  | { readonly type: 'presign'; readonly call: number; readonly number: number; readonly digest: string }
  | { readonly type: 'moved'; readonly bytes: number; readonly fresh: boolean }
  | { readonly type: 'part'; readonly number: number }
  | { readonly type: 'troubled'; readonly message: string }
  | { readonly type: 'digested'; readonly digest: string }
  | { readonly type: 'done'; readonly parts: readonly StoredPart[] }
  | { readonly type: 'failed'; readonly code: FaultCode | 'presign'; readonly message: string; readonly facts?: Facts }
