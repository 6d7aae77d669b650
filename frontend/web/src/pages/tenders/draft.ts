// What a new lot starts from: the usual opening statement, three custodians of whom two suffice, a comprehensive method.
import { namesPrice } from '@/app/priceWords'
import type { Lot, LotDraft } from './types'

const KEYS = [
  'title', 'content', 'compulsory', 'estimate', 'price_limit', 'minimum_price', 'deposit', 'validity_days', 'documents_from', 'documents_until', 'deadline_at', 'opening_place', 'host_id', 'recorder_id',
  'custodians', 'k', 'suite', 'decryption_minutes', 'objection_minutes', 'sign_in_minutes', 'remedy', 'requires_bill', 'two_envelopes', 'price_notice_minutes', 'deposit_forms', 'award', 'announced_fields', 'bid_parts', 'review_items', 'scoring_items', 'price_formula',
] as const

const LETTER = '投标函'

export function newDraft(): LotDraft {
  return {
    title: '', content: '', compulsory: true, estimate: null, price_limit: null, minimum_price: null, deposit: null, deposit_forms: [], award: { candidates: 3, names_winner: false, first_ranked_wins: true }, validity_days: 90,
    documents_from: null, documents_until: null, deadline_at: null, opening_place: '本平台网上开标大厅', host_id: null, recorder_id: null,
    custodians: [], k: 2, suite: 1, decryption_minutes: 30, objection_minutes: 10, sign_in_minutes: 60, remedy: 'none', requires_bill: false, two_envelopes: false, price_notice_minutes: 60,
    announced_fields: [
      { key: 'price', label: '投标总价', kind: 'money', required: true, priced: false },
      { key: 'duration', label: '工期', kind: 'days', required: true, priced: false },
      { key: 'quality', label: '质量标准', kind: 'text', required: true, priced: false },
      { key: 'manager', label: '项目负责人', kind: 'text', required: true, priced: false },
    ],
    bid_parts: [{ number: '1', title: LETTER, required: true, priced: false }, { number: '2', title: '商务文件', required: true, priced: false }, { number: '3', title: '技术文件', required: true, priced: false }],
    review_items: [
      { number: '2.1.1', title: '投标函签字盖章', stage: 'form', standard: '有法定代表人或其委托代理人签字并加盖单位章' },
      { number: '2.1.2', title: '企业资质', stage: 'qualification', standard: '符合招标公告规定的资质要求' },
      { number: '2.1.3', title: '投标有效期', stage: 'response', standard: '符合招标文件规定' },
    ],
    scoring_items: [
      { number: '2.2.1', title: '投标报价', lowest: '0', highest: '60', standard: '按价格公式计算', group: 'price', objective: true, drops_extremes: false },
      { number: '2.2.2', title: '施工组织设计', lowest: '0', highest: '30', standard: '内容完整、针对性强、措施可行', group: 'technical', objective: false, drops_extremes: false },
      { number: '2.2.3', title: '企业信用', lowest: '0', highest: '10', standard: '按信用评价结果', group: 'credit', objective: true, drops_extremes: false },
    ],
    price_formula: { number: 'R-311', full: '100', above: '2', below: '1', weight: '60', k_set: [], d_set: [], lambda_set: [], drops_extremes: true, rounding: 'half-up-2' },
  }
}

/** Two envelopes or one: prices and the parts that name them go into the second, or everything back into the one (R-318). */
export function withEnvelopes(draft: LotDraft, two: boolean): LotDraft {
  const isPrice = (kind: string): boolean => two && ['money', 'percent'].includes(kind)
  const parts = draft.bid_parts.map((part) => ({ ...part, priced: two && (part.priced || namesPrice(part.title)) }))
  const last = { number: String(parts.length + 1), title: '报价文件', required: true, priced: true }
  return {
    ...draft, two_envelopes: two, announced_fields: draft.announced_fields.map((field) => ({ ...field, priced: isPrice(field.kind) })),
    // The letter of tender 投标函 says what is offered; what it is made up of has a part of its own.
    bid_parts: two && !parts.some((part) => part.priced && part.title !== LETTER) ? [...parts, last] : parts,
  }
}

/** The editable part of a lot. */
export function draftOf(lot: Lot): LotDraft {
  const draft = Object.fromEntries(KEYS.map((key) => [key, lot[key]])) as unknown as LotDraft
  // A lot registered by a program may have come without a formula.
  const formula = { ...newDraft().price_formula, ...draft.price_formula } as LotDraft['price_formula']
  return { ...draft, price_formula: formula, custodians: lot.custodians.map(({ party_id, certificate }) => ({ party_id, certificate })) }
}

/** datetime-local speaks the clock on the wall of Shanghai, whatever the computer's zone. */
export const toLocal = (instant: string | null): string => (instant ? new Date(Date.parse(instant) + 8 * 3_600_000).toISOString().slice(0, 16) : '')
export const fromLocal = (text: string): string | null => (text ? `${text.length === 16 ? `${text}:00` : text}+08:00` : null)
