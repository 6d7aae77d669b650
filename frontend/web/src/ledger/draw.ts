/** Repeats the draw of a committee from its published inputs (evaluation/committees/draw.py). */
import { fromHex } from '@/sealing/bytes'
import { choose, commitmentOf, mixed } from '@/sealing/drawing'

export interface DrawStratum { region: string; count: number; candidates: string[] }
export interface DrawnSeat { stratum: number; candidate: string; alias: string }
export interface DrawStatement { lot: string; round: number; seed: string; commitment: string; set_sha256: string; nonce: string; strata: DrawStratum[]; chosen: DrawnSeat[]; representatives: string[] }
export interface Replacement { gone: string; cause: string; stratum: number | null; candidate: string | null; skipped?: string[]; alias: string | null }
export interface DrawEvidence { request: { commitment: string; round: number }; drawn: DrawStatement | null; replaced: Replacement[] }
export interface Replayed { name: 'commitment' | 'chosen' | 'aliases' | 'replaced'; holds: boolean }

const STEMS = '甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥'

/** The name of the member of that place, from 0. */
export const aliasOf = (place: number): string => `${STEMS[place % STEMS.length] ?? ''}${place >= STEMS.length ? String(Math.floor(place / STEMS.length) + 1) : ''}`

/** Everything the platform says about a draw, computed again in this browser. */
export async function replayDraw(evidence: DrawEvidence): Promise<Replayed[]> {
  const drawn = evidence.drawn
  if (!drawn) return []
  const key = await mixed(fromHex(drawn.seed), [fromHex(drawn.set_sha256), fromHex(drawn.nonce)])
  const label = `committee/${drawn.lot}/${String(drawn.round)}`
  const orders = await Promise.all(drawn.strata.map((stratum, at) => {
    const items = [...new Set(stratum.candidates)].sort()
    return choose(key, `${label}/stratum/${String(at)}`, items, items.length)
  }))
  const first = firstCalled(drawn.strata, orders)
  const members = first.length + drawn.representatives.length
  const places = await choose(key, `${label}/aliases`, Array.from({ length: members }, (_, at) => at), members)
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
  return [
    { name: 'commitment', holds: await commitmentOf(fromHex(drawn.seed)) === drawn.commitment && drawn.commitment === evidence.request.commitment },
    { name: 'chosen', holds: same(first, drawn.chosen.map(({ stratum, candidate }) => ({ stratum, candidate }))) },
    { name: 'aliases', holds: same(places.map(aliasOf), [...drawn.chosen.map((seat) => seat.alias), ...drawn.representatives]) },
    { name: 'replaced', holds: replacementsHold(evidence.replaced, orders, first) },
  ]
}

function firstCalled(strata: readonly DrawStratum[], orders: readonly string[][]): { stratum: number; candidate: string }[] {
  const found: { stratum: number; candidate: string }[] = []
  strata.forEach(({ count }, stratum) => {
    const taken = new Set(found.map((seat) => seat.candidate))
    const free = (orders[stratum] ?? []).filter((each) => !taken.has(each))
    found.push(...free.slice(0, count).map((candidate) => ({ stratum, candidate })))
  })
  return found
}

/** Each replacement is the next of the same order after those passed over; none only where the order was at its end. */
function replacementsHold(replaced: readonly Replacement[], orders: readonly string[][], first: readonly { candidate: string }[]): boolean {
  const called = new Set(first.map((seat) => seat.candidate))
  return replaced.every(({ stratum, candidate, skipped = [] }) => {
    if (stratum === null) return true // a representative's seat is filled by naming, not by drawing
    return [...skipped, candidate].every((each) => {
      const next = (orders[stratum] ?? []).find((one) => !called.has(one)) ?? null
      if (each !== null) called.add(each)
      return each === next
    })
  })
}
