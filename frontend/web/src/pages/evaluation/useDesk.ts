// The desk on a screen: read again after each act and every few seconds, for the others work at the same time. Nothing
// that a member has written is overwritten by it: panels keep what they hold until it is saved.
import { onBeforeUnmount, onMounted, ref, shallowRef } from 'vue'
import { api, Problem } from '@/api/client'
import type { Desk, Progress } from './types'

const EVERY = 5_000

export function useDesk(lotId: string) {
  const desk = shallowRef<Desk | Progress | null>(null)
  const problem = shallowRef<unknown>(null)
  const stale = ref(false)
  let timer: ReturnType<typeof setInterval> | null = null

  async function refresh(): Promise<void> {
    try {
      desk.value = await api.get<Desk | Progress>(`/api/lots/${lotId}/evaluation`)
      problem.value = null
      stale.value = false
    } catch (error) {
      stale.value = desk.value !== null && error instanceof Problem && error.status === 0
      problem.value = stale.value ? null : error
    }
  }

  onMounted(() => {
    void refresh()
    timer = setInterval(() => { if (!document.hidden) void refresh() }, EVERY)
  })
  onBeforeUnmount(() => { if (timer) clearInterval(timer) })

  return { desk, problem, stale, refresh }
}
