// The desk as the server shows it; see GET /api/lots/{lot}/evaluation. Figures are text with two decimals.
import type { Body } from '@/app/bidFiles'
import type { SealedBox } from '@/sealing/sealedBox'

export type Step = 'reviewing' | 'competition' | 'scoring' | 'revealing' | 'alerts' | 'technical' | 'technical_signing' | 'prices' | 'ranked' | 'signing' | 'finished' | 'failed'
export interface Rule { number: string; title: string }
export interface LotShown { id: string; code: string; title: string; stage: string; trade_kind?: string; two_envelopes?: boolean; price_limit?: string | null }
export interface ReviewItem { number: string; title: string; stage: string; standard: string }
export interface SheetItem { number: string; title: string; lowest: string; highest: string; standard: string; group: string; objective: boolean; unit: 'points' | 'yuan' | 'percent' }
export interface Figure { value: string; rule: string; formula: string; inputs: { name: string; value?: string; figure?: Figure }[] }
export interface Ground { clause: string; title: string; reasons: string[]; pages: string[]; for: number; against: number }
/** An opened body: of two envelopes there is one of each, the second once its prices are taken. */
export type DeskBody = Body
export interface DeskBid {
  bid: string; place: number; name: string; uscc: string; price: string | null; sealed: boolean; values: Record<string, string>
  body: DeskBody; price_body: DeskBody | null; valid: boolean | null; rejected: Ground | null; grounds: Ground[]
}
export interface Vote { bid: string; item: string; passes: boolean; reason: string; page: string }
export interface OutcomeRow {
  bid: string; place: number; name: string; uscc: string; price: string | null; rank: number | null; rejected: string | null
  evaluated_price: Figure | null; price_score: Figure | null; items: { number: string; title: string; score: Figure }[]
  technical: string | null; total: Figure | null; tie: string | null
}
export interface Outcome { method: string; baseline: Figure | null; rows: OutcomeRow[]; candidates: string[] }
/** The technical result of two envelopes: who passed, made without any price. */
export interface TechnicalRow { bid: string; place: number; name: string; uscc: string; passed: boolean; rejected: string | null; items: { number: string; title: string; score: Figure }[]; technical: string | null }
export interface TechnicalResult { rows: TechnicalRow[]; passed: string[] }
export interface Alert { id: string; kind: 'deviation' | 'pattern'; alias: string; bid: string | null; with: string | null; value: string | null; mean: string | null; percent: string | null; reason: string | null }
export interface DeskMember { member: string; alias: string; is_leader: boolean; reviewed: boolean; committed: boolean; revealed: boolean; voted: boolean }
export interface Method {
  kind: string; title: string; rule: string; price_weight: string; share: string; coefficients: Record<string, string>; limit: string | null; candidates: number
  price_formula: { number: string; full: string; above: string | null; below: string | null }
  review_items: ReviewItem[]; scoring_items: SheetItem[]; legal_grounds: Rule[]
}
export interface Dispute { bid: string; item: string; values: Record<string, string> }

/** What owners and the centre are told: how far it is, and nothing of what anyone thinks. */
export interface Progress {
  lot: LotShown; step: Step; step_at: string; round: number; role: 'member' | 'supervisor' | 'owner' | 'centre'
  progress: { members: number; size: number; reviewed: number; committed: number; revealed: number; bodies_unchecked: number }
  failure: { reason: string; at: string } | null; may: string[]; missing: Record<string, Rule[]>; now: string; feed: number
}
export interface Desk extends Progress {
  me: { member: string; alias: string; is_leader: boolean } | null
  members: DeskMember[]; method: Method; bids: DeskBid[]; reviews: (Vote & { alias: string })[]
  document: { number: number; sha256: string; pdf: string; clarifications: { title: string; body: string; at: string }[] } | null
  own_review: { submitted: boolean; votes: Vote[] }
  own_sheet: { round: number; commitment: string; box: SealedBox; revealed: boolean } | null
  sheets: { alias: string; round: number; commitment: string; sheet: { scores: Record<string, Record<string, string>> } | null }[]
  restarts: { round: number; reason: string; title: string; disputes: Dispute[] }[]; disputes: Dispute[]; alerts: Alert[]
  technical: TechnicalResult | null; technical_sha256: string | null; technical_paper: string | null
  outcome: Outcome | null; outcome_sha256: string | null; report_paper: string | null
}
export const isDesk = (told: Progress): told is Desk => 'bids' in told
export const STEPS: Step[] = ['reviewing', 'scoring', 'revealing', 'alerts', 'ranked', 'signing', 'finished']
export const STEPS_OF_TWO: Step[] = ['reviewing', 'scoring', 'revealing', 'alerts', 'technical', 'technical_signing', 'prices', 'ranked', 'signing', 'finished']
