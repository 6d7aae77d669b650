// A committee and an entry of the expert bank, as the server shows them.
import type { LotShown, Rule } from './types'

export type MemberStatus = 'invited' | 'accepted' | 'signed_in' | 'declined' | 'recused' | 'replaced' | 'dismissed'
export interface Quota { region: string; count: number }
export interface Member {
  id: string | null; alias: string; status: MemberStatus; signed_in_at: string | null; is_leader: boolean; duties: string[]
  name: string | null; capacity: string | null; unit: string | null; number: string | null; salt: string | null
}
export interface Committee {
  lot: LotShown; now: string; step: 'none' | 'requested' | 'drawn' | 'begun'; round: number
  request: { size: number; representatives: number; specialty: string; strata: Quota[]; starts_at: string; ends_at: string; requested_at: string; requested_by: string; commitment: string } | null
  begun_at: string | null; begun_by: string | null; figures: { invited: number; accepted: number; signed_in: number; vacant: number }
  leader: string | null; must_extend: boolean; members: Member[]
  me: { member_id: string; alias: string; status: MemberStatus; capacity: string; is_leader: boolean; duties: string[]; vote: string | null } | null
  voting: { round: number; votes: number; needed: number } | null
  discipline: string; may: string[]; missing: Record<string, Rule[]>
}
export const SEATED: MemberStatus[] = ['invited', 'accepted', 'signed_in']
export const DUTIES = ['organise', 'qualification', 'technical', 'commercial', 'report']
export const CAUSES = ['absent', 'illness', 'recusal', 'discipline']

export interface Unit { name: string; uscc: string; relation: 'employer' | 'former' | 'recusal'; reason: string }
export interface ExpertData { name: string; region: string; specialties: string[]; title: string; is_senior: boolean; years: number; units: Unit[] }
export interface ExpertLine extends ExpertData {
  id: string; number: string; kind: 'expert' | 'representative'; status: 'review' | 'active' | 'suspended' | 'left'
  entered_by: string; entered_at: string; changed_by: string; changed_at: string; verified_by: string | null; verified_at: string | null; demo: boolean
}
export interface Expert extends ExpertLine {
  certificate: { fingerprint: string; not_after: string } | null
  history: { kind: string; text: string; by: string; at: string }[]; may: string[]; missing: Record<string, Rule[]>
}
