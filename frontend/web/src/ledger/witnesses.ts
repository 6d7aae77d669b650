/** Witnesses of the ledger as a reader's browser judges them: whose cosignatures a checkpoint carries, and what a printed one is worth. */
import { hex } from '@/sealing/bytes'
import { insist } from '@/sealing/faults'
import { type Checkpoint, parseNote, parseVerifierKey, parseWitnessKey, verifyCheckpoint, verifyCosignature } from './checkpoint'

/** Size and root of a checkpoint as papers, notices and codes carry it; `root` in hex. */
export interface Printed {
  readonly size: number
  readonly root: string
}

export interface Cosigner {
  readonly name: string
  readonly at: Date
}

/** Reads `#size=…&root=…` out of a code's address; null where there is none. */
export function printedOf(fragment: string): Printed | null {
  const found = new URLSearchParams(fragment.replace(/^#/, ''))
  const [size, root] = [found.get('size') ?? '', found.get('root') ?? '']
  return /^[1-9]\d{0,15}$/.test(size) && /^[0-9a-f]{64}$/.test(root) ? { size: Number(size), root } : null
}

/** The address that a code holds. */
export const addressOf = (origin: string, printed: Printed): string => `${origin}/verify#${inFragment(printed).slice(1)}`

/** The same after other words of a code's address; nothing where there is no checkpoint. */
export const inFragment = (printed: Printed | null | undefined): string => (printed ? `&size=${String(printed.size)}&root=${printed.root}` : '')

/** Of the witnesses known (texts of keys), those whose signature the note carries. A signature under a known name that does not verify is refused. */
export async function cosignersOf(note: string, witnesses: readonly string[]): Promise<Cosigner[]> {
  const carried = new Set(parseNote(note).signatures.map((line) => line.name))
  const known = (await Promise.all(witnesses.map((text) => parseWitnessKey(text)))).filter((key) => carried.has(key.name))
  return Promise.all(known.map(async (key) => ({ name: key.name, at: await verifyCosignature(note, key) })))
}

/** The log's checkpoint of that size is the printed one, and signed by the pinned key. */
export async function comparePrinted(printed: Printed, note: string, key: string): Promise<Checkpoint> {
  const found = await verifyCheckpoint(note, await parseVerifierKey(key))
  insist(found.size === printed.size && hex(found.root) === printed.root, 'broken-chain', 'the log now shows another root for this size')
  return found
}
