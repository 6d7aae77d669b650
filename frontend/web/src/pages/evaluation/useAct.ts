// One act at a time: what was refused is shown, what was done is told to whoever shows the whole.
import { ref, shallowRef } from 'vue'

export function useAct(done: () => void) {
  const busy = ref(false)
  const problem = shallowRef<unknown>(null)

  async function act(what: () => Promise<unknown>): Promise<boolean> {
    busy.value = true
    try {
      await what()
      problem.value = null
      return true
    } catch (error) {
      problem.value = error
      return false
    } finally {
      busy.value = false
      done()
    }
  }

  return { busy, problem, act }
}
