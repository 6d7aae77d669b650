// What a custodian holds; see GET /api/me/custody.
import type { Step } from '../hall/types'

export interface Holding {
  lot: string; code: string; title: string; rehearsal: boolean; index: number; k: number; n: number; certificate: string; step: Step
  opens_at: string; closes_at: string | null; released_at: string | null; may_release: boolean
  total: number | null; given: number | null; waiting: number | null
  complaints: { place: number; bidder: string; kind: string; why: 'wrap-unopened' | 'share-mismatch'; at: string }[]
}
