/** The public draw done again in the browser: storage/crypto/drawing.py and bidding/opening/drawing.py, step for step. */
import { type Bytes, concat, equal, fromHex, hex, plainBytes, sha256Hex, sha256, u32be, u64be, utf8 } from './bytes'
import { insist } from './faults'

export interface Coefficients { readonly commitment: string; readonly seed: string; readonly set_sha256: string; readonly drawn: Readonly<Record<string, string>>; readonly sets: Readonly<Record<string, readonly string[]>> }

const SEED = 32
const WORD = 8
const SPACE = 1n << 64n

/** SHA-256 (hex) of "yunkai draw/1 commit\0" ‖ seed. */
export function commitmentOf(seed: Bytes): Promise<string> {
  insist(seed.length === SEED, 'malformed', 'a seed has 32 bytes')
  return sha256Hex(utf8('yunkai draw/1 commit\0'), seed)
}

/** The key of the draw: the seed with every contribution, each with its length before it. */
export function mixed(seed: Bytes, contributions: readonly Bytes[]): Promise<Bytes> {
  insist(seed.length === SEED, 'malformed', 'a seed has 32 bytes')
  return sha256(utf8('yunkai draw/1 mix\0'), seed, ...contributions.flatMap((each) => [u32be(each.length), each]))
}

/** `count` of the items, in the order drawn: a partial Fisher–Yates shuffle without bias. */
export async function choose<T>(key: Bytes, label: string, items: readonly T[], count: number): Promise<T[]> {
  insist(count >= 0 && count <= items.length, 'malformed', 'more asked for than there is')
  const pool = [...items]
  const words = wordsOf(key, label)
  for (let place = 0; place < count; place += 1) {
    const other = place + await below(words, pool.length - place)
    const held = pool[place] as T
    pool[place] = pool[other] as T
    pool[other] = held
  }
  return pool.slice(0, count)
}

/** One value of each set, by name; what the hall drew when it announced. */
export async function drawAgain(seed: Bytes, setDigest: Bytes, sets: Coefficients['sets']): Promise<Record<string, string>> {
  const key = await mixed(seed, [setDigest])
  const drawn: Record<string, string> = {}
  for (const name of Object.keys(sets).sort()) drawn[name] = (await choose(key, name, sets[name] ?? [], 1))[0] ?? ''
  return drawn
}

/** True when the seed is the one committed to, the set is the frozen one, and every coefficient comes out again. */
export async function drawHolds(shown: Coefficients, frozenSet: string | null): Promise<boolean> {
  const seed = fromHex(shown.seed)
  const isCommitted = equal(fromHex(shown.commitment), fromHex(await commitmentOf(seed)))
  const again = await drawAgain(seed, fromHex(shown.set_sha256), shown.sets)
  const names = Object.keys(shown.drawn)
  const isSame = names.length === Object.keys(again).length && names.every((name) => again[name] === shown.drawn[name])
  return isCommitted && shown.set_sha256 === frozenSet && isSame
}

/** HMAC-SHA256(key, "yunkai draw/1\0" ‖ label ‖ 00 ‖ u64be(counter)), eight bytes a word, big-endian. */
async function* wordsOf(key: Bytes, label: string): AsyncGenerator<bigint, never> {
  const mac = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  for (let counter = 0; ; counter += 1) {
    const block = new Uint8Array(await crypto.subtle.sign('HMAC', mac, concat(utf8(`yunkai draw/1\0${label}\0`), u64be(counter))))
    for (let start = 0; start < block.length; start += WORD) yield BigInt(`0x${hex(plainBytes(block.subarray(start, start + WORD)))}`)
  }
}

/** A number in [0, bound): words past the last whole multiple are thrown away. */
async function below(words: AsyncGenerator<bigint, never>, bound: number): Promise<number> {
  const limit = SPACE - SPACE % BigInt(bound)
  for (;;) {
    const { value } = await words.next()
    if (value < limit) return Number(value % BigInt(bound))
  }
}
