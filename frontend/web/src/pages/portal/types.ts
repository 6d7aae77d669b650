export interface NoticeLine {
  id: string; lot_id: string; kind: string; title: string; published_at: string; tenderee: string
  lot: { code: string; title: string; region: string; trade_kind: string; rehearsal: boolean; price_limit: string | null; documents_until: string | null; deadline_at: string | null; suspended: boolean; stage: string }
}
export interface Notice { id: string; lot_id: string; kind: string; title: string; body: string; sha256: string; published_at: string; checkpoint: { size: number; root: string } | null }
export interface PublicLot {
  id: string; code: string; title: string; content: string; region: string; trade_kind: string; trade_kind_title: string; rehearsal: boolean; compulsory: boolean; round: number
  price_limit: string | null; deposit: string | null; deposit_forms: string[]; award: { candidates: number; names_winner: boolean; first_ranked_wins: boolean }; two_envelopes: boolean; price_notice_minutes: number; price_opens_at: string | null; validity_days: number; documents_from: string; documents_until: string; deadline_at: string; opening_place: string; published_at: string | null
  failed_reason: string | null; suspended: boolean; k: number; n: number; suite: number; decryption_minutes: number; remedy: string; min_bidders: number; stage: string; bidding_is_open: boolean
  documents_are_on_offer: boolean; announced_fields: { key: string; label: string; kind: string; required: boolean; priced: boolean }[]; bid_parts: { number: string; title: string; required: boolean; priced: boolean }[]
  custodians: { index: number; name: string; role: string }[]; may: string[]; tenderee_id: string; agency_id: string | null; tenderee?: string; agency?: string | null; notices?: Notice[]
}
export interface OpeningLine { lot_id: string; code: string; title: string; tenderee: string; opens_at: string; stage: string; rehearsal: boolean; place: string }
