// The hall as the server shows it; see GET /api/lots/{lot}/hall.
import type { Coefficients } from '@/sealing/drawing'

export type Step = 'waiting' | 'frozen' | 'decrypting' | 'announced' | 'objections' | 'confirming' | 'signing' | 'published' | 'failed'
export type BidState = 'sealed' | 'waiting' | 'queued' | 'decrypting' | 'damaged' | 'decrypted' | 'revoked' | 'withdrawn_by_fault'

export interface BidRow {
  bid: string; place: number; version: number; bidder: { name: string; uscc: string }; submitted_at: string; receipt_number: string
  signed_in_at: string | null; state: BidState; cause: string | null; at_fault: string | null; may_retry: boolean
  released_at: string | null; decrypted_at: string | null; confirmed_at: string | null; body_check: string; size: number
  security: { form: string; verdict: string; reasons: { number: string; title: string }[] } | null
  /** What must be told of its certificate: at the submission, and when its bidder released. */
  certificate_flags: Partial<Record<'submitted' | 'released', string[]>>
  remedy: boolean; by_bidder_alone: boolean
  /** What the platform found altered or gone, its own fault, and since when its bidder has brought it again. */
  damages: { kind: string; cause: string; found_at: string; restored_at: string | null }[]
  custody: { sound: number[]; complaints: { index: number; name: string; kind: string; why: 'wrap-unopened' | 'share-mismatch'; at: string }[] }
  next: 'bidder' | 'custodians' | 'platform' | 'restore' | 'nobody'
}
export interface AnnouncedRow {
  place: number; bid: string; version: number; name: string; uscc: string; submitted_at: string; state: BidState; cause: string | null
  price: string | null; words: string | null; deviation: string | null; fields: { key: string; label: string; kind: string; value: string }[]; row_sha256: string
}
export interface Figures {
  total: number; signed_in: number; sealed: number; waiting: number; queued: number; decrypting: number; damaged: number; decrypted: number; revoked: number
  withdrawn_by_fault: number; progress: number; bytes_decrypted: number; objections_open: number; objections_answered: number; viewers?: number
}
export interface Period { number: number; opens_at: string; closes_at: string; reason: string; set_by: string }
export interface Objection { id: string; name: string; text: string; at: string; answer: string | null; answered_by: string | null; answered_at: string | null }
export interface Snapshot {
  lot: {
    id: string; code: string; title: string; stage: string; rehearsal: boolean; tenderee: string; agency: string; opens_at: string; sign_in_from: string
    sign_in_minutes: number; decryption_minutes: number; objection_minutes: number; remedy: string; min_bidders: number; k: number; n: number
    two_envelopes: boolean; price_limit: string | null; announced_fields: { key: string; label: string; kind: string; required: boolean }[]
  }
  /** The envelope of the opening that is shown; `prices`: of two, since when it is fixed who passed, and the second hour. */
  envelope: 'whole' | 'technical' | 'price'; prices: { fixed_at: string; opens_at: string | null; notice_minutes: number; result_sha256: string } | null
  now: string; step: Step; step_at: string; step_by: string
  paused: { at: string; reason: string } | null
  host: { party_id: string; name: string } | null
  recorder: { party_id: string; name: string } | null
  is_unattended: boolean; discipline: string
  me: { roles: string[]; bid: string | null; custodian_index: number | null; signed_in_at: string | null; released_at: string | null; state: BidState | null; next: string | null }
  custodians: { index: number; name: string; role: string; released_at: string | null }[]
  window: { is_open: boolean; closes_at: string; periods: Period[] } | null
  set_sha256: string | null
  bids: BidRow[] | null
  figures: Figures | null
  announced: { at: string; limit: string | null; rows: AnnouncedRow[] } | null
  coefficients: Coefficients | null
  objections: Objection[]
  objections_until: string | null
  confirmations_until: string | null
  record: { sha256: string; pdf_sha256: string; signatures: { capacity: string; name: string; signed_at: string }[]; published_at: string | null; renewed_until: Record<string, string> } | null
  may: string[]
  missing: { act: string; number: string; title: string; cites: string }[]
  feed: { stream: string; position: number }
}
export interface FeedLine { seq: number; action: string; at: string; actor: string; leaf: string; payload: Record<string, unknown> | null }

export const STEPS: Step[] = ['waiting', 'frozen', 'decrypting', 'announced', 'objections', 'confirming', 'signing', 'published']
