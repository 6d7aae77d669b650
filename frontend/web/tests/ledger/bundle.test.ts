/** What an exported lot of two envelopes may leave out, and what its ledger then must not tell. */
import { describe, expect, it } from 'vitest'
import { checkSealed } from '@/ledger/bundle'
import type { EntryDocument, Export } from '@/ledger/documents'

const HASH = '0'.repeat(64)

function ledger(...actions: readonly string[]): Export {
  const entries = actions.map((action, seq) => ({
    entry: JSON.stringify({
      action, actor: 'platform', log: 'l', payload_sha256: HASH, prev: HASH, seq, stream: 'lot:1', stream_prev: HASH, subject: 'lot:1',
      ts: '2026-03-23T01:00:00.000000Z', v: 1,
    }),
  }) as unknown as EntryDocument)
  return { entries } as unknown as Export
}

const told = (...actions: readonly string[]): boolean => checkSealed({ bids: [], prices: null, ledger: ledger(...actions) })

describe('a second opening that is not in the file', () => {
  it('has not begun, or is under way', () => {
    expect(told('opening.published')).toBe(false)
    expect(told('opening.published', 'prices.frozen', 'opening.announced')).toBe(true)
  })

  it('is missed once the ledger tells that its record was published, with or without the payload', () => {
    expect(() => told('opening.published', 'prices.frozen', 'opening.published')).toThrow('the second opening was published')
  })
})
