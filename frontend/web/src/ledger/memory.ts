/** The last checkpoint this browser saw: with it, a log that was rewritten behind one's back is found out. */
import { hex } from '@/sealing/bytes'
import { insist } from '@/sealing/faults'
import { type Checkpoint, parseVerifierKey, verifyCheckpoint } from './checkpoint'
import { verifyGrowth } from './documents'

const PLACE = 'yunkai.checkpoint'

export interface Remembered {
  /** The signed note as it was seen. */
  readonly note: string
  /** Milliseconds, by this machine's clock. */
  readonly seenAt: number
}

export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

export type Comparison =
  | { readonly kind: 'first'; readonly now: Checkpoint }
  | { readonly kind: 'same' | 'grown'; readonly old: Checkpoint; readonly now: Checkpoint; readonly seenAt: number }

export function remembered(store: Store): Remembered | null {
  try {
    const value = JSON.parse(store.getItem(PLACE) ?? 'null') as Remembered | null
    return typeof value?.note === 'string' ? value : null
  } catch {
    return null
  }
}

export function forget(store: Store): void {
  store.removeItem(PLACE)
}

/**
 * Verifies the newest note and that it continues the one remembered, then remembers it. Throws a `Fault` when the log
 * shrank, forked or was rewritten; the old note is then kept, for it is the evidence.
 */
export async function compareWithMemory(newest: string, key: string, store: Store, proofBetween: (old: number, now: number) => Promise<readonly string[]>): Promise<Comparison> {
  const pinned = await parseVerifierKey(key)
  const now = await verifyCheckpoint(newest, pinned)
  const before = remembered(store)
  if (before === null) {
    remember(store, newest)
    return { kind: 'first', now }
  }
  const old = await verifyCheckpoint(before.note, pinned)
  insist(old.size <= now.size, 'broken-chain', 'the log is shorter than before')
  if (old.size === now.size) insist(hex(old.root) === hex(now.root), 'broken-chain', 'two roots for one size')
  else await verifyGrowth(before.note, newest, await proofBetween(old.size, now.size), key)
  remember(store, newest)
  return { kind: old.size === now.size ? 'same' : 'grown', old, now, seenAt: before.seenAt }
}

function remember(store: Store, note: string): void {
  store.setItem(PLACE, JSON.stringify({ note, seenAt: Date.now() } satisfies Remembered))
}
