// As the interface gives them (trading/trust/views.py).
export interface ListedCertificate { fingerprint: string; subject: string; role: 'root' | 'intermediate'; key: string; not_before: string; not_after: string; pem: string }
export interface Authority {
  code: string; name: string; region: string; status: Standing; accepted: boolean; valid_from: string; valid_to: string
  policies: string[]; crl_addresses: string[]; ocsp_addresses: string[]; certificates: ListedCertificate[]
}
export type Standing = 'active' | 'suspended' | 'withdrawn'
export interface Source { address: string; state: 'fresh' | 'late' | 'missing'; this_update: string | null; next_update: string | null; checked_at: string | null; failure: string; sha256: string | null }
export interface EditionLine { number: number; effective_at: string; approved_at: string; proposed_by: string; approved_by: string; changed: string[]; digest: string }
export interface Edition { number: number; effective_at: string; digest: string; published: object[]; authorities: Authority[] }
export interface TrustList { now: string; edition: number | null; authorities: Authority[]; sources: Source[]; editions: EditionLine[]; may: string[] }
export interface Proposal {
  id: string; status: 'waiting' | 'approved' | 'refused' | 'taken-back'; reason: string; effective_at: string | null; proposed_by: string; proposed_at: string
  decided_by: string | null; decided_at: string | null; decision_reason: string; changes: Authority[]; replaces: string[]; may: string[]
}
