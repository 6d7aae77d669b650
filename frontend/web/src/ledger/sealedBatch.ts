/** Acts committed to in a batch of fixed depth, which betrays neither who nor how many. */
import { type Bytes, equal } from '@/sealing/bytes'
import { nodeHash } from './merkle'

export const DEPTH = 16

/** True when the act with this leaf stands at `position` of the batch with this root. */
export async function sealedProofHolds(leaf: Bytes, position: number, siblings: readonly Bytes[], root: Bytes): Promise<boolean> {
  if (siblings.length !== DEPTH || !Number.isInteger(position) || position < 0 || position >= 1 << DEPTH) return false
  let value = leaf
  let place = position
  for (const sibling of siblings) {
    value = place & 1 ? await nodeHash(sibling, value) : await nodeHash(value, sibling)
    place >>= 1
  }
  return equal(value, root)
}
