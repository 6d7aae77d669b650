// How the ledger's own words read on a page.
import { useI18n } from 'vue-i18n'
import { instant } from '@/app/format'

export function useLedgerWords() {
  const { t, te } = useI18n()
  const pick = (keys: string[], otherwise: string): string => {
    const found = keys.find((key) => te(key) || te(key, 'zh'))
    return found ? t(found) : otherwise
  }
  const act = (action: string): string => {
    const key = action.replaceAll('.', '_')
    return pick([`ledger.acts.${key}`, `hall.acts.${key}`], action)
  }
  /** The role before the `#` of an entry's actor; `issuer:…` names a program of its own. */
  const who = (actor: string): string => pick([`ledger.words.${actor.split(/[#:]/)[0] ?? ''}`], actor)
  const reason = (code: string): string => pick([`ledger.reasons.${code}`], code)
  /** Instants in Shanghai time, everything else as it is. */
  const value = (text: string): string => (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? instant(text) : text)
  return { act, who, reason, value }
}

/** Lets the reader keep a text as a file; it comes from this page, not from the network. */
export function saveAs(name: string, text: string, type = 'text/plain'): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
