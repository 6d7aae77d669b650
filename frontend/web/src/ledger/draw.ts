/** Repeats the draw of a committee from its published inputs (storage/crypto/drawing.py, evaluation/committees/draw.py). */
import { type Bytes, concat, fromHex, sha256, sha256Hex, u32be, u64be, utf8 } from '@/sealing/bytes'

export interface DrawStratum { region: string; count: number; candidates: string[] }
export interface DrawnSeat { stratum: number; candidate: string; alias: string }
export interface DrawStatement { lot: string; round: number; seed: string; commitment: string; set_sha256: string; nonce: string; strata: DrawStratum[]; chosen: DrawnSeat[]; representatives: string[] }
export interface Replacement { gone: string; cause: string; stratum: number | null; candidate: string | null; skipped?: string[]; alias: string | null }
export interface DrawEvidence { request: { commitment: string; round: number }; drawn: DrawStatement | null; replaced: Replacement[] }
export interface Replayed { name: 'commitment' | 'chosen' | 'aliases' | 'replaced'; holds: boolean }

const SPACE = 1n << 64n
const STEMS = '甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥'

/** The name of the member of that place, from 0. */
export const aliasOf = (place: number): string => `${STEMS[place % STEMS.length] ?? ''}${place >= STEMS.length ? String(Math.floor(place / STEMS.length) + 1) : ''}`

export const commitmentTo = (seed: Bytes): Promise<string> => sha256Hex(utf8('yunkai draw/1 commit\0'), seed)

export function mixed(seed: Bytes, contributions: readonly Bytes[]): Promise<Bytes> {
  return sha256(utf8('yunkai draw/1 mix\0'), seed, ...contributions.flatMap((each) => [u32be(each.length), each]))
}

/** HMAC-SHA256 blocks of the label, eight bytes a number. */
async function* words(key: CryptoKey, label: string): AsyncGenerator<bigint, never> {
  for (let counter = 0; ; counter += 1) {
    const block = await crypto.subtle.sign('HMAC', key, concat(utf8('yunkai draw/1\0'), utf8(label), new Uint8Array(1), u64be(counter)))
    const view = new DataView(block)
    for (let at = 0; at < 32; at += 8) yield view.getBigUint64(at)
  }
}

/** `count` of the items in the order drawn: a partial Fisher–Yates shuffle without bias. */
export async function choose<T>(key: Bytes, label: string, items: readonly T[], count: number): Promise<T[]> {
  const hmac = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const pool = [...items]
  const stream = words(hmac, label)
  for (let place = 0; place < count; place += 1) {
    const other = place + (await below(stream, pool.length - place))
    const held = pool[place] as T
    pool[place] = pool[other] as T
    pool[other] = held
  }
  return pool.slice(0, count)
}

async function below(stream: AsyncGenerator<bigint, never>, bound: number): Promise<number> {
  const wide = BigInt(bound)
  const limit = SPACE - (SPACE % wide)
  for (;;) {
    const word = (await stream.next()).value
    if (word < limit) return Number(word % wide)
  }
}

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
    { name: 'commitment', holds: await commitmentTo(fromHex(drawn.seed)) === drawn.commitment && drawn.commitment === evidence.request.commitment },
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
