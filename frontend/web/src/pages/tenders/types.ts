import type { UnmetRule } from '@/api/client'

export interface Plan { id: string; code: string; name: string; rehearsal: boolean; status: string; may: string[] }
export interface LotLine { id: string; code: string; title: string; stage: string; deadline_at: string | null; may: string[] }
export interface TenderProject extends Plan { trade_kind: string; trade_kind_title: string; content: string; lots: LotLine[] }
export interface Project extends Plan { region: string; approval: string; funding: string; in_scope: boolean; tenderee_id: string; agency_id: string | null; tender_projects: TenderProject[] }
export interface TradeKind { code: string; title: string; edition: string; rehearsal: boolean }
export interface Choice { id: string; name: string; roles: string[] }
export interface AnnouncedField { key: string; label: string; kind: string; required: boolean; priced: boolean }
export interface BidPart { number: string; title: string; required: boolean; priced: boolean }
export interface ReviewItem { number: string; title: string; stage: string; standard: string }
export interface ScoringItem { number: string; title: string; lowest: string; highest: string; standard: string; group: string; objective: boolean; drops_extremes: boolean }
export interface PriceFormula { number: string; full: string; above: string | null; below: string | null; weight: string | null; k_set: string[]; d_set: string[]; lambda_set: string[]; drops_extremes: boolean; rounding: string }

export interface AwardRule { candidates: number; names_winner: boolean; first_ranked_wins: boolean }

/** A lot as it is sent; money as text in yuan, instants RFC 3339. */
export interface LotDraft {
  title: string; content: string; compulsory: boolean; estimate: string | null; price_limit: string | null; minimum_price: string | null; deposit: string | null; deposit_forms: string[]; award: AwardRule; validity_days: number
  documents_from: string | null; documents_until: string | null; deadline_at: string | null; opening_place: string; host_id: string | null; recorder_id: string | null
  custodians: { party_id: string; certificate: string | null }[]; k: number; suite: number; decryption_minutes: number; objection_minutes: number; sign_in_minutes: number; remedy: string; requires_bill: boolean; two_envelopes: boolean; price_notice_minutes: number
  announced_fields: AnnouncedField[]; bid_parts: BidPart[]; review_items: ReviewItem[]; scoring_items: ScoringItem[]; price_formula: PriceFormula | null
}
export interface Lot extends LotDraft { id: string; code: string; stage: string; rehearsal: boolean; trade_kind: string; tender_project_id: string; tenderee_id: string; agency_id: string | null; may: string[] }
export interface Notice { id: string; lot_id: string; kind: string; title: string; body: string; status: string; fields: Record<string, string>; reason: string; declared_by: string | null; declared_at: string | null; reviewer: string | null; reviewed_at: string | null; verifier: string | null; reviewer_name: string | null; verifier_name: string | null; verified_at: string | null; may: string[]; missing: UnmetRule[] }
