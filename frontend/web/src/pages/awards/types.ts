// The award as the server shows it to the asker; see GET /api/lots/{lot}/award.
import type { UnmetRule } from '@/api/client'

export type Missing = Record<string, UnmetRule[]>
export interface Bidder {
  id: string; rank: number | null; name: string; uscc: string; rejected: string | null; price: string | null; score: string | null
  standing: string; ground: string | null; reason: string; values: { label: string; value: string }[]
}
export interface AwardText {
  kind: 'candidates' | 'result'; title: string; body: string; sha256: string; status: string; fields: { objection_channel?: string; remarks?: string }; reason: string | null
  submitted_by: string | null; submitted_at: string | null; reviewer: string | null; reviewed_at: string | null; published_at: string | null; notice_id: string | null
}
export interface Objection { id: string; name: string; text: string; at: string; due_at: string; answer: string | null; answered_by: string | null; answered_at: string | null; late_reason: string | null; is_late: boolean }
export interface Courier { order: string; status: string; waybill: string | null; ordered_at: string; signed_at: string | null; events: { status: string; at: string; place: string }[] }
export interface Letter {
  id: string; kind: 'award' | 'result'; number: string; status: string; bidder: { id: string; name: string }; reason: string; paper_id: string | null; sha256: string | null; renewed_until: string | null
  sent_at: string | null; read_at: string | null; has_address: boolean; courier: Courier | null; has_service_record: boolean; may: string[]; missing: Missing
  lot?: { id: string; code: string; title: string }
}
export interface Letters { status: string; sent_at: string | null; reply_by?: string | null; remarks?: string; verifier?: string | null; verified_at?: string | null; reason?: string | null; items: Letter[] }
export interface Contract {
  status: string; price: string; signed_at: string | null; number?: string; winner?: string | null; fields?: Record<string, string>; performance_bond?: string | null; reason?: string | null
  verifier?: string | null; verified_at?: string | null; paper_id?: string | null; sha256?: string | null; is_late?: boolean
}
export interface Award {
  lot: { id: string; code: string; title: string; stage: string; rehearsal: boolean; suspended: boolean; trade_kind: string }
  award: { candidates: number; names_winner: boolean; first_ranked_wins: boolean }; received_at: string; publicise_by: string | null
  publicity: { from: string; until: string; is_open: boolean; earliest_until: string } | null; is_frozen: boolean; holds_complaint: boolean
  candidates: Bidder[] | null; ranking: Bidder[] | null; winner: (Bidder & { confirmed_at: string }) | null
  texts: { candidates: AwardText | null; result: AwardText | null }; objections: { open: number; total: number; items: Objection[] }
  report: { due_at: string; filed_at: string | null; is_late: boolean; text: string | null; late_reason: string | null } | null
  letters: Letters | null; contract: Contract | null; contract_by: string | null; warnings: UnmetRule[]; archived_at: string | null; package_sha256: string | null
  me: { roles: string[]; bidder: string | null }; may: string[]; missing: Missing; server_time: string
}

export const INSIDE = ['tenderee', 'agency', 'centre', 'supervisor']
export const isInside = (award: Award): boolean => award.me.roles.some((role) => INSIDE.includes(role))
