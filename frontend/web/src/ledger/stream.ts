/** The live check in the hall: every message of a feed continues the stream it belongs to. */
import type { Json } from '@/sealing/canonical'
import { Fault, insist } from '@/sealing/faults'
import { checkPayload, type Entry, leafOf, readEntry, ZERO_HASH } from './entry'

/** What the server's feed sends; salt and payload are null for whoever is not in the audience. */
export interface FeedMessage {
  readonly seq: number
  /** JCS text. */
  readonly entry: string
  readonly leaf: string
  readonly salt: string | null
  readonly payload: Json
}

export interface Accepted {
  readonly entry: Entry
  readonly leaf: string
  /** True when the payload was given and fits its digest. */
  readonly payloadChecked: boolean
  /** True when this message had been accepted before (a reconnect repeats some). */
  readonly repeated: boolean
}

export interface StreamHead {
  readonly seq: number
  readonly leaf: string
}

/** Checks one stream from its first entry, or from a head that was checked before. Calls are taken in turn. */
export class StreamCheck {
  private last: StreamHead | null
  private counted = 0
  private readonly leaves = new Map<number, string>()
  private turn: Promise<unknown> = Promise.resolve()

  constructor(readonly stream: string, from: StreamHead | null = null) {
    this.last = from
  }

  /** The last entry accepted. */
  get head(): StreamHead | null {
    return this.last
  }

  /** How many entries were accepted. */
  get count(): number {
    return this.counted
  }

  accept(message: FeedMessage): Promise<Accepted> {
    const result = this.turn.then(() => this.check(message))
    this.turn = result.catch(() => undefined)
    return result
  }

  private async check(message: FeedMessage): Promise<Accepted> {
    const entry = readEntry(message.entry)
    const leaf = await leafOf(message.entry)
    insist(entry.seq === message.seq && leaf === message.leaf, 'broken-chain', `entry ${String(message.seq)} is not what its leaf says`)
    insist(entry.stream === this.stream, 'broken-chain', `entry ${String(entry.seq)} belongs to another stream`)
    const payloadChecked = await checkPayload(message, entry.payload_sha256)
    const repeated = this.isRepeated(entry, leaf)
    if (!repeated) this.advance(entry, leaf)
    return { entry, leaf, payloadChecked, repeated }
  }

  private isRepeated(entry: Entry, leaf: string): boolean {
    const known = this.leaves.get(entry.seq) ?? (this.last?.seq === entry.seq ? this.last.leaf : undefined)
    if (known === undefined) return false
    if (known !== leaf) throw new Fault('broken-chain', `entry ${String(entry.seq)} was told in two ways`)
    return true
  }

  private advance(entry: Entry, leaf: string): void {
    const before = this.last?.leaf ?? ZERO_HASH
    insist(entry.stream_prev === before && entry.seq > (this.last?.seq ?? -1), 'broken-chain', `entry ${String(entry.seq)} does not continue the stream`)
    this.last = { seq: entry.seq, leaf }
    this.leaves.set(entry.seq, leaf)
    this.counted += 1
  }
}
