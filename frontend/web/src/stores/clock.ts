// Server time in the browser: the offset from the midpoint of the fastest of several round trips, a monotonic tick
// in between, so a wrong local clock (±1 day) or one that is moved changes nothing (R-1108, faults 17 and 48).
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api } from '@/api/client'

const RESYNC = 60_000
const SLEPT = 3_000

export const useClock = defineStore('clock', () => {
  const base = ref(Date.now()) // server milliseconds at `mark`
  const mark = ref(performance.now())
  const error = ref(Number.POSITIVE_INFINITY) // half the round trip, milliseconds
  const tick = ref(performance.now())
  const synced = computed(() => Number.isFinite(error.value))
  const now = computed(() => base.value + (tick.value - mark.value))
  let running = false

  async function sample(): Promise<{ at: number; mark: number; error: number }> {
    const sent = performance.now()
    const answer = await api.get<{ now: string }>('/api/time', { timeout: 5_000 })
    const received = performance.now()
    return { at: Date.parse(answer.now), mark: (sent + received) / 2, error: (received - sent) / 2 }
  }

  async function sync(): Promise<void> {
    const samples = []
    for (let i = 0; i < 3; i += 1) {
      try {
        samples.push(await sample())
      } catch {
        break
      }
    }
    const best = samples.sort((a, b) => a.error - b.error)[0]
    if (!best) return
    base.value = best.at
    mark.value = best.mark
    error.value = best.error
    tick.value = performance.now()
  }

  function start(): void {
    if (running) return
    running = true
    void sync()
    let last = performance.now()
    let wall = Date.now()
    setInterval(() => {
      const monotonic = performance.now()
      // A gap means the lid was closed; some systems stop the monotonic clock meanwhile, so the wall clock is asked too.
      if (monotonic - last > SLEPT || Math.abs(Date.now() - wall - (monotonic - last)) > SLEPT) void sync()
      last = monotonic
      wall = Date.now()
      tick.value = monotonic
    }, 250)
    setInterval(() => void sync(), RESYNC)
    document.addEventListener('visibilitychange', () => { if (!document.hidden) void sync() })
  }

  return { now, error, synced, start, sync }
})
