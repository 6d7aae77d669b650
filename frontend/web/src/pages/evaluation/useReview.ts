// A member's own review as it is written. Each change is saved a moment later; what is not yet saved also lies in this
// tab's store, so that neither a lost network nor a reload loses it. The server's later answers never overwrite it.
import { computed, onBeforeUnmount, onMounted, reactive, ref } from 'vue'
import { api } from '@/api/client'
import type { Desk, Vote } from './types'

const SOON = 1_200

export function useReview(desk: Desk) {
  const root = `/api/lots/${desk.lot.id}/evaluation/review`
  const store = `yunkai.review/${desk.lot.id}/${desk.me?.member ?? ''}`
  const keyOf = (bid: string, item: string): string => `${bid}/${item}`
  const votes = reactive(new Map<string, Vote>(desk.own_review.votes.map((vote) => [keyOf(vote.bid, vote.item), { ...vote }])))
  const unsaved = reactive(new Set<string>())
  const savedAt = ref<number | null>(null)
  const problem = ref<unknown>(null)
  const saving = ref(false)
  let timer: ReturnType<typeof setTimeout> | null = null
  let running: Promise<boolean> | null = null

  const kept = JSON.parse(sessionStorage.getItem(store) ?? '[]') as (Vote | { gone: string })[]
  for (const each of kept) {
    if ('gone' in each) votes.delete(each.gone)
    else votes.set(keyOf(each.bid, each.item), each)
    unsaved.add('gone' in each ? each.gone : keyOf(each.bid, each.item))
  }

  const waiting = (): (Vote | { gone: string })[] => [...unsaved].map((key) => votes.get(key) ?? { gone: key })
  function keep(): void {
    if (unsaved.size) sessionStorage.setItem(store, JSON.stringify(waiting()))
    else sessionStorage.removeItem(store)
  }

  async function save(): Promise<boolean> {
    if (timer) clearTimeout(timer)
    timer = null
    while (running) await running // what was written while others were under way goes after them
    if (!unsaved.size) return true
    running = send()
    return running
  }

  async function send(): Promise<boolean> {
    saving.value = true
    const sent = [...unsaved].map((key) => ({ key, vote: votes.get(key) }))
    unsaved.clear()
    try {
      const withdrawn = sent.filter((each) => !each.vote).map((each) => each.key.split('/'))
      await api.put(root, { votes: sent.flatMap((each) => (each.vote ? [{ ...each.vote }] : [])), withdrawn })
      savedAt.value = Date.now()
      problem.value = null
    } catch (error) {
      for (const each of sent) unsaved.add(each.key)
      problem.value = error
    } finally {
      saving.value = false
      running = null
      keep()
    }
    return problem.value === null
  }

  function touch(key: string): void {
    unsaved.add(key)
    keep()
    if (timer) clearTimeout(timer)
    timer = setTimeout(() => void save(), SOON)
  }
  function set(bid: string, item: string, change: Partial<Vote>): void {
    const key = keyOf(bid, item)
    votes.set(key, { ...(votes.get(key) ?? { bid, item, passes: true, reason: '', page: '' }), ...change })
    touch(key)
  }
  function withdraw(bid: string, item: string): void {
    votes.delete(keyOf(bid, item))
    touch(keyOf(bid, item))
  }
  const of = (bid: string, item: string): Vote | undefined => votes.get(keyOf(bid, item))
  const done = (bid: string): number => desk.method.review_items.filter((item) => of(bid, item.number)).length
  const complete = computed(() => desk.bids.every((bid) => done(bid.bid) === desk.method.review_items.length) && [...votes.values()].every((vote) => vote.passes || vote.reason.trim()))

  const warn = (event: BeforeUnloadEvent): void => { if (unsaved.size) event.preventDefault() }
  onMounted(() => {
    window.addEventListener('beforeunload', warn)
    if (unsaved.size) void save()
  })
  onBeforeUnmount(() => {
    window.removeEventListener('beforeunload', warn)
    void save()
  })
  return { votes, unsaved, savedAt, saving, problem, save, set, withdraw, of, done, complete }
}
