// Applying for a letter and opening it, in the browser: the platform carries two sealed boxes and reads neither.
import { api } from '@/api/client'
import type { Letter } from '@/sealing/body'
import { textOf, utf8 } from '@/sealing/bytes'
import { canonicalText, isObject, type Json, type JsonObject } from '@/sealing/canonical'
import { parseCertificate, pemOf } from '@/sealing/certificate'
import { insist } from '@/sealing/faults'
import type { Identity } from '@/sealing/identity'
import { openBox, sealBox } from '@/sealing/sealedBox'
import type { Issuer, LetterDesk, Order, Required } from './types'

export interface Contact { name: string; phone: string }
export interface Finding { number: string; holds: boolean }

/** Seals exactly what the lot asks to the issuer's certificate, and hands it in. */
export async function apply(desk: LetterDesk, issuer: Issuer, contact: Contact, identity: Identity, amends: string | null): Promise<void> {
  const { required, lot } = desk
  insist(required, 'malformed', 'this lot takes no letters')
  const application = {
    v: 1, project: lot.title, lot: required.lot_code, lot_title: lot.title, bidder: required.applicant, contact: { name: contact.name, phone: contact.phone }, beneficiary: required.beneficiary,
    amount: required.amount, begin: required.begin_by, end: required.end_from, reply_certificate: pemOf(identity.encryption), amends,
  }
  const box = await sealBox(utf8(canonicalText(application)), await parseCertificate(issuer.box_certificate), 'guarantee-application', issuer.id)
  await api.post(`/api/lots/${lot.id}/guarantee/orders`, { issuer_id: issuer.id, box, amends })
}

/** Opens the letter of an issued order with the bidder's own key. */
export async function opened(order: Order, identity: Identity): Promise<Letter> {
  insist(order.letter_box, 'malformed', 'no letter has come yet')
  const told = JSON.parse(textOf(await openBox(order.letter_box, identity, 'guarantee-letter', order.number))) as Json
  insist(isObject(told) && isObject(told.data) && typeof told.pdf === 'string', 'malformed', 'not a letter')
  return { data: told.data, pdf: told.pdf }
}

const text = (data: JsonObject, key: string): string => (typeof data[key] === 'string' ? data[key] : '')
// Yuan with at most two places, as cents: decimal texts compare wrongly, floats count wrongly.
function cents(amount: string): bigint {
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,2}))?$/.exec(amount) ?? []
  return whole ? BigInt(whole + fraction.padEnd(2, '0')) : -1n
}

/** What R-414 will ask at the opening, as far as the fields tell; the issuer's signature is checked by the platform then. */
export function checked({ data }: Letter, required: Required, issuer: { name: string; kind: string }): Finding[] {
  const wording = isObject(data.wording) ? data.wording : {}
  const dates = [text(data, 'begin'), text(data, 'end')].every((day) => /^\d{4}-\d\d-\d\d$/.test(day))
  const found: [string, boolean][] = [
    ['R-410', required.forms.includes(text(data, 'type')) && text(data, 'type') === issuer.kind && text(data, 'issuer') === issuer.name],
    ['R-414/3', text(data, 'beneficiary') === required.beneficiary],
    ['R-414/4', cents(text(data, 'amount')) >= cents(required.amount)],
    ['R-414/5', text(data, 'lot') === required.lot_code],
    ['R-414/6', dates && text(data, 'begin') <= required.begin_by],
    ['R-414/7', dates && text(data, 'end') >= required.end_from],
    ['R-414/8', wording.on_demand === true && wording.irrevocable === true],
    ['R-414/9', text(data, 'bidder') === required.applicant.name && text(data, 'uscc') === required.applicant.uscc],
  ]
  return found.map(([number, holds]) => ({ number, holds }))
}

export const fieldOf = ({ data }: Letter, key: string): string => text(data, key) || '—'
