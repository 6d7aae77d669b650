import type { UnmetRule } from '@/api/client'
import type { SealedBox } from '@/sealing/sealedBox'

export type Missing = Record<string, UnmetRule[]>
export interface Reason { number: string; title: string }
export interface LotLine { id: string; code: string; title: string; stage: string; rehearsal: boolean; deadline_at: string | null }
export interface Asked { amount: string; forms: string[]; cash: boolean }
export interface Payment {
  id: string; serial: string; payer_name: string; payer_account: string; amount: string; value_at: string; received_at: string
  verdict: string; verdict_title: string; counts: boolean; reasons: Reason[]; state: 'held' | 'refunding' | 'refunded' | 'forfeited'
}
export interface Refund {
  id: string; payment: string; reason: string; reason_title: string; principal: string; interest: string; rate: string; days: number; total: string; to_name: string; to_account: string
  ordered_at: string; due_at: string; done_at: string | null; bank_serial: string | null; error: string | null; overdue: boolean
}
export interface CashDesk {
  now: string; lot: LotLine; asked: Asked | null; payer: { name: string; account: string; bank: string }
  account: { number: string | null; state: 'requested' | 'open'; holder: string; bank: string; requested_at: string; opened_at: string | null } | null
  status: string; counted: string; missing_amount: string; payments: Payment[]; refunds: Refund[]; may: string[]; missing: Missing
}

export interface Issuer {
  id: string; name: string; uscc: string; kind: string; status: string; box_certificate: string; may: string[]; missing: Missing
  address?: string; public_key?: string; proposed_by?: { name: string; at: string }; decided_by?: { name: string; at: string } | null; reason?: string
}
export interface Order {
  number: string; issuer: { id: string; name: string; kind: string }; status: 'applied' | 'paid' | 'issued' | 'refused' | 'amended'; amends: string | null
  applied_at: string; paid_at: string | null; issued_at: string | null; reason: string; letter_box: SealedBox | null
}
export interface Required {
  amount: string; forms: string[]; beneficiary: string; lot_code: string; begin_by: string; end_from: string; applicant: { name: string; uscc: string }
}
export interface LetterDesk {
  now: string; lot: LotLine & { tenderee: string }; required: Required | null; orders: Order[]; has_letter: boolean; must_extend: boolean; letter: LetterView | null; may: string[]; missing: Missing
}

/** A proposal to keep a deposit, or a claim on a letter: both go by the closed list and by two persons. */
export interface Keeping {
  id: string; bid: string; ground: string; ground_title: string; clause: string; statement: string; amount: string; evidence: { name: string; sha256: string; size: number }[]
  status: string; proposed_by: { name: string; at: string }; decided_by: { name: string; at: string } | null; reason: string; may: string[]; missing: Missing
  bidder?: { name: string; uscc: string }; bank_serial?: string | null; transferred_at?: string | null; answered_at?: string | null; error?: string | null
}
export interface LetterView {
  bid: string; bidder: { name: string; uscc: string }; form: string; issuer: { id: string; name: string } | null; number: string; amount: string | null; begin: string | null; end: string | null
  status: string; verdict: 'VALID' | 'INVALID'; verified_at: string; rules: (Reason & { satisfied: boolean })[]; pdf_sha256: string; claims: Keeping[]; may: string[]; missing: Missing
}
export interface Ground { code: string; title: string; cites: string; needs_clause: boolean }
export interface LotDeposits {
  now: string; lot: LotLine; asked: Asked | null; is_open: boolean
  bids: { bid: string; party: string; bidder: { name: string; uscc: string }; form: string; verdict: string; reasons: Reason[] }[]
  payments: (Payment & { party: { name: string; uscc: string } | null; bid: string | null })[]; refunds: Refund[]
  signals: { number: string; title: string; by: string; payer: string; bids: string[]; bidders: string[] }[]
  forfeitures: Keeping[]; grounds: Ground[]; may: string[]; missing: Missing
}
export interface Finance {
  now: string; rate: { percent: string; since: string | null; set_by: string | null }
  lots: { lot: LotLine; received: number; held: string; refunding: string; refunded: string; forfeited: string; overdue: number; failed: number; forfeitures_open: number }[]
  unknown: (Payment & { refund: Refund | null })[]; balances: { day: string; at: string; agrees: boolean | null; difference: string | null }[]; may: string[]; missing: Missing
}
