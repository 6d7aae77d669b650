// The hall on a screen: a snapshot, then the lot's ledger stream, each entry checked against the chain before it is
// believed. Whoever takes part reads the snapshot again after each entry; spectators at a random moment within a few
// seconds, so that ten thousand of them do not ask at once. Announced prices come with the entry itself, to all alike.
import { onBeforeUnmount, onMounted, ref, shallowRef } from 'vue'
import { api } from '@/api/client'
import { type FeedMessage, StreamCheck } from '@/ledger/stream'
import { Fault } from '@/sealing/faults'
import type { AnnouncedRow, FeedLine, Snapshot } from './types'

const LINES = 200
const SPECTATOR_DELAY = 2_000

export function useHall(lotId: string) {
  const hall = shallowRef<Snapshot | null>(null)
  const lines = ref<FeedLine[]>([])
  const connected = ref(false)
  const broken = ref<string | null>(null)
  const checked = ref(0)
  const problem = shallowRef<unknown>(null)
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
    socket.onclose = () => {
      connected.value = false
      if (closed) return
      attempts += 1
      setTimeout(connect, Math.min(10_000, 250 * 2 ** attempts) * (0.5 + Math.random()))
    }
  }

  onMounted(() => {
    void refresh()
    connect()
  })
  onBeforeUnmount(() => {
    closed = true
    if (refreshing) clearTimeout(refreshing)
    socket?.close()
  })

  return { hall, lines, connected, broken, checked, problem, refresh, refreshSoon }
}
