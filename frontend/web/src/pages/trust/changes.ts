// What a change does to a CA of the list, field by field, in the words a person reads.
import { instant } from '@/app/format'
import type { Authority } from './types'

export interface Changed { field: string; before: string; after: string }

const lines = (values: string[]): string => values.join('\n')
const FIELDS: [string, (authority: Authority) => string][] = [
  ['name', (each) => each.name],
  ['region', (each) => each.region],
  ['status', (each) => each.status],
  ['validFrom', (each) => instant(each.valid_from)],
  ['validTo', (each) => instant(each.valid_to)],
  ['policies', (each) => lines(each.policies)],
  ['crls', (each) => lines(each.crl_addresses)],
  ['ocsps', (each) => lines(each.ocsp_addresses)],
  ['certificates', (each) => lines(each.certificates.map((one) => `${one.subject} ${one.fingerprint.slice(0, 16)}…`))],
]

/** The fields that differ; for a CA that is new, every field that says something. */
export function changesOf(before: Authority | undefined, after: Authority): Changed[] {
  return FIELDS.map(([field, read]) => ({ field, before: before ? read(before) : '', after: read(after) }))
    .filter((each) => each.before !== each.after)
}
