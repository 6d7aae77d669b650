import type { Json } from '@/sealing/canonical'
import type { UnmetRule } from '@/api/client'
import type { Body } from '@/app/bidFiles'

export interface EnvelopeView { id: string; kind: string; state: 'open' | 'uploading' | 'checking' | 'checked' | 'failed'; size: number; parts: number; checked_parts: number; header_sha256: string; manifest_sha256: string | null; reason: string | null; checked_at: string | null }
export interface VersionView {
  id: string; number: number; status: 'draft' | 'uploaded' | 'submitted' | 'superseded' | 'withdrawn' | 'discarded'; word: string; certificate: string; created_at: string; submitted_at: string | null
  receipt: string | null; trial_at: string | null; envelopes: EnvelopeView[]; contexts: Record<string, Json> | null; may: string[]; missing: UnmetRule[]
}
export interface Field { key: string; label: string; kind: 'money' | 'days' | 'text' | 'percent'; required: boolean; priced?: boolean }
export interface OwnCertificate { fingerprint: string; pem: string; key_kind: string; subject_name: string; not_after: string; signing: string | null }
export interface Desk {
  now: string; is_open: boolean
  bid: { id: string; status: string; word: string; submitted: { version: number; version_id: string; at: string; receipt: string } | null; versions: VersionView[]; receipts: ReceiptLine[] } | null
  requirements: {
    lot: { id: string; code: string; title: string; rehearsal: boolean }; tender: string; round: number; envelopes: string[]; deadline_at: string; suite: number; k: number; n: number; remedy: string
    segments: Record<string, number>; largest: Record<string, number>; custodians: { index: number; name: string; role: string; certificate: string; certificate_pem: string }[]
    announced_fields: Field[]; bid_parts: { number: string; title: string; required: boolean; priced?: boolean }[]; price_limit: string | null; deposit: string | null; deposit_forms: string[]; validity_days: number; statement_sizes: Record<string, number | null>; certificates: OwnCertificate[]
  }
  document_renewed_until: string | null; may: string[]; missing: UnmetRule[]; warnings: Warning[]
}
/** Forbids nothing; one with a `certificate` tells that it ends too soon after the opening. */
export interface Warning { number: string; text: string; certificate?: string }
/** An own envelope after the hour: opened, or what became of it; `left` when the second opening went by without it. */
export interface OwnEnvelope { envelope: 'whole' | 'technical' | 'price'; state: 'sealed' | 'open' | 'unpublished' | 'unopened' | 'left'; cause: string | null; consequence: string | null; decrypted_at: string | null; body: Body | null }
export interface ReceiptLine { number: string; kind: 'receipt' | 'withdrawal'; version: number; decided_at: string; renewed_until: string | null }
export interface ReceiptView { number: string; kind: string; body: string; signature: unknown; proof: unknown }
