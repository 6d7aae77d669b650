// One act of a page: busy while it runs, its refusal kept for a ProblemNotice.
import { ref, shallowRef } from 'vue'

/** ``after`` runs once an act was done. */
export function useAttempt(after: () => unknown = () => undefined) {
  const busy = ref(false)
  const problem = shallowRef<unknown>(null)

  /** True when the act was done; of two presses the second is not sent. */
  async function attempt(act: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    try {
      await act()
      problem.value = null
      await after()
      return true
    } catch (error) {
      problem.value = error
      return false
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, attempt }
}

/** Acts on what others act on too: ``either`` runs whether done or refused, for a refusal may mean that the page is behind. */
export function useAct(either: () => void) {
  const { busy, problem, attempt } = useAttempt()
  return { busy, problem, act: (what: () => Promise<unknown>): Promise<boolean> => attempt(what).finally(either) }
}
