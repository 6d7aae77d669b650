/** What a check of evidence found, point by point, so that a page can say what holds and what does not. */
import { Fault } from '@/sealing/faults'

export type Verdict = 'holds' | 'fails' | 'open'

export interface Finding {
  /** What was checked; the pages put it into words. */
  readonly point: string
  /** Whom or what it is about (a bidder's name, a digest); empty for the whole. */
  readonly subject: string
  /** `open`: it could not be decided here, which is neither for nor against. */
  readonly verdict: Verdict
  /** A fault's code, or why it stays open; empty when it holds. */
  readonly reason: string
  /** What was found, for people: a name, an instant, a figure. */
  readonly detail: string
}

/** Says that a point cannot be decided with what is at hand; `detail`: what there is all the same. */
export class Undecided extends Error {
  constructor(reason: string, readonly detail = reason) {
    super(reason)
  }
}

/** Runs checks one after the other; none keeps the others from being made. */
export class Findings {
  readonly list: Finding[] = []

  constructor(private readonly told?: (finding: Finding) => void) {}

  /** The value of `check`, or null when it did not hold; `detailOf` tells what was found. */
  async check<T>(point: string, subject: string, check: () => Promise<T> | T, detailOf: (value: T) => string = () => ''): Promise<T | null> {
    try {
      const value = await check()
      this.add({ point, subject, verdict: 'holds', reason: '', detail: detailOf(value) })
      return value
    } catch (error) {
      const detail = error instanceof Undecided ? error.detail : error instanceof Error ? error.message : String(error)
      this.add({ point, subject, ...verdictOf(error), detail })
      return null
    }
  }

  /** Passes on a finding made elsewhere. */
  tell(finding: Finding): void {
    this.told?.(finding)
  }

  /** Takes a finding made elsewhere for one of these. */
  add(finding: Finding): void {
    this.list.push(finding)
    this.tell(finding)
  }
}

/** All points hold: true; one fails: false; none fails but some stay open: null. */
export function outcome(list: readonly Finding[]): boolean | null {
  if (list.some((item) => item.verdict === 'fails') || list.length === 0) return false
  return list.every((item) => item.verdict === 'holds') ? true : null
}

function verdictOf(error: unknown): { verdict: Verdict; reason: string } {
  if (error instanceof Undecided) return { verdict: 'open', reason: error.message }
  if (error instanceof Fault && error.code === 'not-verifiable') return { verdict: 'open', reason: error.code }
  // Evidence of another shape than ours is not evidence; what exactly threw does not matter.
  return { verdict: 'fails', reason: error instanceof Fault ? error.code : 'malformed' }
}
