/** RFC 6962 Merkle trees: leaf and node hashes, inclusion and consistency proofs. Indices stay exact up to 2^53. */
import { type Bytes, concat, equal, sha256 } from '@/sealing/bytes'

const LEAF = new Uint8Array([0])
const NODE = new Uint8Array([1])

export function leafHash(data: Uint8Array): Promise<Bytes> {
  return sha256(concat(LEAF, data))
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(concat(NODE, left, right))
}

/** True when the proof shows the leaf at `index` of the tree (RFC 9162 section 2.1.3.2). */
export async function inclusionHolds(leaf: Bytes, index: number, size: number, proof: readonly Bytes[], root: Bytes): Promise<boolean> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false
  const walk = new Walk(index, size - 1)
  let value = leaf
  for (const sibling of proof) {
    if (walk.last === 0) return false
    value = walk.isRight() ? await nodeHash(sibling, value) : await nodeHash(value, sibling)
    walk.up()
  }
  return walk.last === 0 && equal(value, root)
}

/** True when the old tree is shown to be a prefix of the new one (RFC 9162 section 2.1.4.2). */
export async function consistencyHolds(old: number, size: number, proof: readonly Bytes[], oldRoot: Bytes, root: Bytes): Promise<boolean> {
  if (!Number.isSafeInteger(old) || !Number.isSafeInteger(size) || old < 0 || old > size) return false
  if (old === size || old === 0) return proof.length === 0 && equal(oldRoot, old === 0 ? await sha256(new Uint8Array(0)) : root)
  const [start, ...path] = isPowerOfTwo(old) ? [oldRoot, ...proof] : proof
  if (start === undefined) return false
  const walk = new Walk(old - 1, size - 1)
  while (walk.place % 2 === 1) walk.up()
  let [first, second] = [start, start]
  for (const sibling of path) {
    if (walk.last === 0) return false
    if (walk.isRight()) [first, second] = [await nodeHash(sibling, first), await nodeHash(sibling, second)]
    else second = await nodeHash(second, sibling)
    walk.up()
  }
  return walk.last === 0 && equal(first, oldRoot) && equal(second, root)
}

/** A path from a leaf upwards; `last` is the last place of the level. */
class Walk {
  constructor(public place: number, public last: number) {}

  /** The sibling stands left; a lone right edge first climbs to where it has one. */
  isRight(): boolean {
    if (this.place % 2 === 0 && this.place !== this.last) return false
    while (this.place % 2 === 0 && this.place !== 0) this.up()
    return true
  }

  up(): void {
    this.place = Math.floor(this.place / 2)
    this.last = Math.floor(this.last / 2)
  }
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value))
}
