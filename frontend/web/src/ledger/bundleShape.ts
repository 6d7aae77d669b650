/** What an exported lot is made of, and what is known of it while its bids are checked. */
import type { JsonObject } from '@/sealing/canonical'
import type { PlatformSignature, PlatformTrust, SignedNotice } from '@/sealing/notice'
import type { EntryDocument, Export, SealedDocument } from './documents'
import type { KeptGrounds } from './grounds'

export interface BundleEnvelope {
  readonly kind: string
  /** JCS text of H. */
  readonly header: string
  /** JCS text of M. */
  readonly manifest: string
  /** base64 */
  readonly signature: string
  readonly timestamp_token: string
  /** base64 of the sealed object: of an opened statement only. */
  readonly object?: string
}

export interface BundleBid {
  readonly bid: string
  readonly place: number
  readonly version: number
  readonly name: string
  readonly uscc: string
  /** PEM */
  readonly certificate: string
  readonly state: string
  readonly cause: string | null
  readonly receipt: { readonly body: string; readonly signature: PlatformSignature }
  readonly submission: SealedDocument | null
  readonly envelopes: readonly BundleEnvelope[]
  /** Kinds of which the platform, as it says itself, no longer has all that was sealed: its own fault. */
  readonly spoilt?: readonly string[]
  /** Hex; only of the statement, only of a bid that was opened. */
  readonly secrets: { readonly kind: string; readonly s_b: string; readonly shares: Readonly<Record<string, string>>; readonly s_p?: string } | null
}

/** One opening: the only one, or of two envelopes each of both. */
export interface BundleOpening {
  readonly notice: SignedNotice
  readonly bids: readonly BundleBid[]
  readonly announced: readonly JsonObject[]
  /** PEM by fingerprint (hex): those that signed confirmations and the record. */
  readonly certificates: Readonly<Record<string, string>>
  /** The platform's seal over everything else; `text` is JCS. */
  readonly seal: { readonly text: string; readonly signature: PlatformSignature }
  readonly record: { readonly text: string; readonly sha256: string; readonly proof: EntryDocument; readonly pdf_sha256: string }
}

export interface Bundle extends BundleOpening {
  readonly v: number
  readonly kind: 'lot-bundle'
  readonly platform: { readonly id: string; readonly name: string }
  readonly lot: { readonly id: string; readonly code: string; readonly title: string; readonly opens_at: string; readonly rehearsal: boolean; readonly two_envelopes?: boolean; readonly remedy?: string; readonly announced_fields: readonly { readonly key: string; readonly priced?: boolean }[] }
  readonly ledger: Export
  /** Absent of lots that were opened before grounds were kept. */
  readonly grounds?: KeptGrounds
  /** The second opening of two envelopes; null until its record is published, absent of one. */
  readonly prices?: BundleOpening | null
}

/** What the ledger recorded of one bid when the set was frozen. */
export interface FrozenBid {
  readonly bid: string
  readonly version: number
  readonly certificate: string
  readonly headers: Readonly<Record<string, string>>
  readonly manifests: Readonly<Record<string, string>>
  readonly submitted_at: string
  readonly receipt_number: string
}

/** Payloads of the lot's stream by action, in order. */
export type Acts = ReadonlyMap<string, readonly JsonObject[]>

/** What a bid is checked against: all of it from the ledger, not from the bid's own part of the bundle. */
export interface Ground {
  readonly lot: Bundle['lot']
  /** The envelope that was opened. */
  readonly envelope: string
  readonly key: string
  readonly trust: PlatformTrust
  readonly frozen: ReadonlyMap<string, FrozenBid>
  readonly rows: ReadonlyMap<string, JsonObject>
  /** The row as the record holds it, with the bidder's confirmation. */
  readonly confirmed: ReadonlyMap<string, JsonObject>
  readonly acts: Acts
  readonly certificates: Bundle['certificates']
}
