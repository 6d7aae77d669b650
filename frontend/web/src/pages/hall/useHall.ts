// The hall on a screen: a snapshot, then the lot's ledger stream, each entry checked against the chain before it is
// believed. Whoever takes part reads the snapshot again after each entry; spectators at a random moment within a few
// seconds, so that ten thousand of them do not ask at once. Announced prices come with the entry itself, to all alike.
import { onBeforeUnmount, onMounted, ref, shallowRef } from 'vue'
import { api } from '@/api/client'
import { type FeedMessage, StreamCheck } from '@/ledger/stream'
import { Fault } from '@/sealing/faults'
import { useSession } from '@/stores/session'
import type { AnnouncedRow, FeedLine, Snapshot } from './types'

const LINES = 200
const SPECTATOR_DELAY = 2_000
const PULSE = 1_000
const SLEPT = 5_000
const SESSION_CHANGED = 4401 // the session ended, or its holder may read other things now

export function useHall(lotId: string) {
  const hall = shallowRef<Snapshot | null>(null)
  const lines = ref<FeedLine[]>([])
  const connected = ref(false)
  const broken = ref<string | null>(null)
  const checked = ref(0)
  const problem = shallowRef<unknown>(null)
  const session = useSession()
  const checker = new StreamCheck(`lot:${lotId}`)
  let socket: WebSocket | null = null
  let refreshing: ReturnType<typeof setTimeout> | null = null
  let waiting: Promise<void> = Promise.resolve()
  let attempts = 0
  let closed = false

  async function refresh(): Promise<void> {
    refreshing = null
    try {
      hall.value = await api.get<Snapshot>(`/api/lots/${lotId}/hall`)
      problem.value = null
    } catch (error) {
      problem.value = error
    }
  }

  function refreshSoon(): void {
    if (refreshing) return
    const takesPart = (hall.value?.me.roles.length ?? 0) > 0
    refreshing = setTimeout(() => void refresh(), takesPart ? 150 : 300 + Math.random() * SPECTATOR_DELAY)
  }

  function show(line: FeedLine): void {
    lines.value = [...lines.value.slice(1 - LINES), line]
    if (line.action === 'opening.announced' && line.payload && hall.value) {
      const { rows, limit } = line.payload as { rows: AnnouncedRow[]; limit: string | null }
      hall.value = { ...hall.value, announced: { at: line.at, limit, rows }, step: 'announced' }
    }
    refreshSoon()
  }

  async function take(text: string): Promise<void> {
    const message = JSON.parse(text) as FeedMessage
    const { entry, leaf, repeated } = await checker.accept(message)
    checked.value = checker.count
    if (!repeated) show({ seq: message.seq, action: entry.action, at: entry.ts, actor: entry.actor, leaf, payload: message.payload as FeedLine['payload'] })
  }

  function connect(): void {
    if (closed) return
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    socket = new WebSocket(`${scheme}://${location.host}/api/lots/${lotId}/feed?after=${checker.head?.seq ?? -1}`)
    socket.onopen = () => {
      connected.value = true
      attempts = 0
      void refresh()
    }
    // Entries are taken one after the other, in the order in which they came.
    socket.onmessage = (event: MessageEvent<string>) => { waiting = waiting.then(() => take(event.data)).catch((error: unknown) => { broken.value = error instanceof Fault ? error.message : String(error) }) }
    socket.onclose = (event) => {
      connected.value = false
      if (closed) return
      if (event.code === SESSION_CHANGED) void session.load()
      attempts += 1
      setTimeout(connect, Math.min(10_000, 250 * 2 ** attempts) * (0.5 + Math.random()))
    }
  }

  // A sleeping tab or a closed lid stops every timer, and may leave a socket that nobody will ever close (fault 48).
  let lastPulse = Date.now()
  function pulse(): void {
    if (document.hidden) return // its timers are slowed down, which is no sleep; on sight the gap is measured
    const slept = Date.now() - lastPulse > SLEPT
    lastPulse = Date.now()
    if (slept) wake()
  }

  function wake(): void {
    void refresh()
    socket?.close()
  }

  function onSight(): void {
    if (!document.hidden) pulse()
  }

  const heart = setInterval(pulse, PULSE)
  onMounted(() => {
    void refresh()
    connect()
    document.addEventListener('visibilitychange', onSight)
    window.addEventListener('online', wake)
  })
  onBeforeUnmount(() => {
    closed = true
    clearInterval(heart)
    document.removeEventListener('visibilitychange', onSight)
    window.removeEventListener('online', wake)
    if (refreshing) clearTimeout(refreshing)
    socket?.close()
  })

  return { hall, lines, connected, broken, checked, problem, refresh, refreshSoon }
}
