/** What the page shows of an upload: bytes, speed, forecast, and why nothing moves. */
import { segmentCount } from './floe'
import type { FromWorker } from './protocol'
import { Speed } from './speed'

export type Phase = 'preparing' | 'reading' | 'comparing' | 'restoring' | 'uploading' | 'paused' | 'offline' | 'retrying' | 'completing' | 'complete'

export interface Progress {
  readonly phase: Phase
  /** Bytes of the stored object that are in the store or on their way. */
  readonly sent: number
  readonly total: number
  readonly parts: number
  readonly partCount: number
  readonly bytesPerSecond: number | null
  readonly secondsLeft: number | null
  /** Instant at which it ends at this speed (local clock, milliseconds); null while unknown. */
  readonly finishesAt: number | null
}

const OVERHEAD = 32

export class ProgressMeter {
  private phase: Phase = 'preparing'
  private hold: 'paused' | 'offline' | null = null
  private sent = 0
  private total: number
  private parts = 0
  private partCount = 0
  private readonly speed = new Speed()

  /** `moving`: what is done while bytes move. */
  constructor(private readonly size: number, private readonly show: (progress: Progress) => void, private readonly moving: Phase = 'uploading') {
    this.total = size
  }

  /** Plaintext is read, segment by segment or not. */
  read(): void {
    this.phase = this.moving
    this.report()
  }

  begin(segment: number): void {
    this.partCount = segmentCount(this.size, segment)
    this.total = this.size + this.partCount * OVERHEAD
    this.phase = this.moving
    this.report()
  }

  held(hold: 'paused' | 'offline' | null): void {
    if (this.hold !== hold) this.speed.restart()
    this.hold = hold
    this.report()
  }

  take(message: FromWorker): void {
    if (message.type === 'moved') {
      this.sent += message.bytes
      if (message.fresh) this.speed.add(message.bytes, performance.now())
      else this.parts += 1
      if (message.bytes > 0) this.phase = this.moving
    } else if (message.type === 'part') this.parts += 1
    else if (message.type === 'troubled') this.phase = 'retrying'
    this.report()
  }

  /** All parts are in the store; `completing` until the server took the manifest. */
  ending(phase: 'completing' | 'complete'): void {
    this.phase = phase
    this.hold = null
    this.sent = this.total
    this.report()
  }

  private report(): void {
    const secondsLeft = this.hold === null ? this.speed.secondsFor(this.total - this.sent) : null
    this.show({
      phase: this.hold ?? this.phase,
      sent: this.sent,
      total: this.total,
      parts: this.parts,
      partCount: this.partCount,
      bytesPerSecond: this.hold === null ? this.speed.perSecond() : null,
      secondsLeft,
      finishesAt: secondsLeft === null ? null : Date.now() + secondsLeft * 1000,
    })
  }
}
