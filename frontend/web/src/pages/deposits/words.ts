// How verdicts and states look: a mark and a colour beside the word, never a colour alone.
export const LOOK: Record<string, string> = {
  MATCHED: 'done', OVERPAID: 'done', VALID: 'done', SHORT: 'pending', LATE: 'bad', WRONG_PAYER: 'bad', NOT_BASIC: 'bad', DUPLICATE: 'pending', UNKNOWN: 'bad', INVALID: 'bad', NONE: 'bad',
  received: 'done', refunded: 'done', open: 'done', active: 'done', verified: 'done', surrendered: 'done', issued: 'done', transferred: 'done', paid: 'done',
  none: 'draft', amended: 'draft', retired: 'draft', held: 'info', requested: 'pending', waiting: 'pending', short: 'pending', refunding: 'pending', applied: 'pending', proposed: 'pending', retiring: 'pending', claimed: 'pending', approved: 'info',
  wrong: 'bad', forfeited: 'bad', refused: 'bad', refused_by_issuer: 'bad', invalid: 'bad', expired: 'draft',
}
const MARK: Record<string, string> = { done: '✓', pending: '…', bad: '✕', draft: '—', info: '●' }
export const markOf = (word: string): string => MARK[LOOK[word] ?? 'draft'] ?? '—'
