/** A line of an opening statement as people read it. */
import { money } from '@/app/format'
import type { AnnouncedRow } from './types'

type Field = AnnouncedRow['fields'][number]
type Say = (key: string, named: Record<string, unknown>) => string

export function fieldValue(field: Field | undefined, t: Say): string {
  if (!field?.value) return '—'
  if (field.kind === 'days') return t('hall.daysOf', { n: field.value })
  if (field.kind === 'percent') return `${field.value}%`
  return field.kind === 'money' ? money(field.value) : field.value
}
