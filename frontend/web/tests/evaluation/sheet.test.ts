import { describe, expect, it } from 'vitest'
import { type DrawEvidence, replayDraw } from '@/ledger/draw'
import { commitmentOf, hundredths, inRange, type Scores, type SheetPlace, sheetText, subjectOf, twoDecimals } from '@/pages/evaluation/sheet'
import { vector } from '../vectors'

interface Vector { sheet: { place: SheetPlace; salt: string; scores: Scores; text: string; commitment: string; subject: string }; draw: DrawEvidence }
const known = vector<Vector>('evaluation-1.json')

describe('a score sheet', () => {
  it('is the text, the commitment and the subject of the platform', async () => {
    const { place, salt, scores, text, commitment, subject } = known.sheet
    expect(sheetText(place, scores, salt)).toBe(text)
    expect(await commitmentOf(text)).toBe(commitment)
    expect(subjectOf(place)).toBe(subject)
  })

  it('does not depend on the order in which scores were typed', () => {
    const { place, salt, scores, text } = known.sheet
    const turned = Object.fromEntries(Object.entries(scores).reverse().map(([bid, row]) => [bid, Object.fromEntries(Object.entries(row).reverse())]))
    expect(sheetText(place, turned, salt)).toBe(text)
  })

  it('holds two decimals, whatever was typed, and never a float', () => {
    expect(['35', '35.5', ' 35.50 ', '007.1', '0'].map(twoDecimals)).toEqual(['35.00', '35.50', '35.50', '7.10', '0.00'])
    expect(['', '-1', '3,5', '35.555', '1e3', '１'].map(twoDecimals)).toEqual([null, null, null, null, null, null])
    expect(hundredths('999999999999.99')).toBe(99999999999999n)
    expect([inRange('10', '10.00', '30.00'), inRange('30.00', '10', '30'), inRange('30.01', '10', '30'), inRange('9.99', '10', '30')]).toEqual([true, true, false, false])
  })
})

describe('a draw, drawn again from its published inputs', () => {
  it('gives the members, aliases and replacements the platform recorded', async () => {
    expect(await replayDraw(known.draw)).toEqual(['commitment', 'chosen', 'aliases', 'replaced'].map((name) => ({ name, holds: true })))
  })

  it.each([
    ['commitment', (given: DrawEvidence) => { given.request.commitment = '00'.repeat(32) }],
    ['chosen', (given: DrawEvidence) => { given.drawn?.chosen.reverse() }],
    ['aliases', (given: DrawEvidence) => { given.drawn?.representatives.splice(0, 1, '亥') }],
    ['replaced', (given: DrawEvidence) => { const [first] = given.replaced; if (first) first.candidate = given.drawn?.chosen[0]?.candidate ?? null }],
  ])('tells that the %s was altered', async (name, alter) => {
    const given = structuredClone(known.draw)
    alter(given)
    expect((await replayDraw(given)).filter((line) => !line.holds).map((line) => line.name)).toContain(name)
  })

  it('comes out differently with any other contribution', async () => {
    const given = structuredClone(known.draw)
    if (given.drawn) given.drawn.nonce = 'ff'.repeat(32)
    expect((await replayDraw(given)).find((line) => line.name === 'chosen')?.holds).toBe(false)
  })
})
