/** Tells whoever shows the page that a key is being asked elsewhere, and lets the person call it off. */
import type { KeyWay } from './keyStore'
import type { Doing } from './questions'

export interface Waiting {
  readonly way: KeyWay
  readonly doing: Doing
  /** Unix milliseconds. */
  readonly expiresAt: number
  /** The text of the code to scan; absent once a telephone has come. */
  readonly code?: string
  readonly cancel: () => void
}

let listener: (now: Waiting | null) => void = () => undefined

export const waiting = {
  /** One listener: the page's dialog. */
  watch(next: (now: Waiting | null) => void): void {
    listener = next
  },
  /** Shows it; the answer takes it away. */
  begin(now: Waiting): () => void {
    listener(now)
    return () => { listener(null) }
  },
}
