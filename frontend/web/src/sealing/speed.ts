/** Speed over the last seconds, and when an upload will end at that speed. */
const WINDOW = 20_000

export class Speed {
  private readonly marks: { at: number; bytes: number }[] = []
  private total = 0

  /** Records `bytes` sent at `at` (milliseconds of a monotonic clock); negative after a failed attempt. */
  add(bytes: number, at: number): void {
    this.total += bytes
    this.marks.push({ at, bytes: this.total })
    while (this.marks.length > 2 && (this.marks[0]?.at ?? at) < at - WINDOW) this.marks.shift()
  }

  /** After a pause the old speed says nothing. */
  restart(): void {
    this.marks.length = 0
  }

  /** Bytes per second; null until two marks are at least half a second apart. */
  perSecond(): number | null {
    const first = this.marks[0]
    const last = this.marks[this.marks.length - 1]
    if (first === undefined || last === undefined || last.at - first.at < 500) return null
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.at - first.at))
  }

  /** Seconds for `left` more bytes; null while no speed is known. */
  secondsFor(left: number): number | null {
    const speed = this.perSecond()
    return speed === null || speed === 0 ? null : left / speed
  }
}
