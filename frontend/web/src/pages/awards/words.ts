// How the states of papers, letters and parcels look: a mark and a colour beside the word.
const LOOK: Record<string, string> = {
  draft: 'draft', none: 'draft', submitted: 'pending', reviewed: 'info', signed: 'info', verified: 'info', refused: 'bad', published: 'done', sent: 'done',
  candidate: 'info', winner: 'done', passed_over: 'bad', rejected: 'bad', ranked: 'draft', lost: 'draft', ordered: 'pending', accepted: 'pending', collected: 'info', in_transit: 'info', delivering: 'info', returned: 'bad',
}
const MARK: Record<string, string> = { done: '✓', pending: '…', bad: '✕', draft: '—', info: '●' }
export const lookOf = (word: string, done = ''): string => (word === done ? 'done' : (LOOK[word] ?? 'draft'))
export const markOf = (word: string, done = ''): string => MARK[lookOf(word, done)] ?? '—'
