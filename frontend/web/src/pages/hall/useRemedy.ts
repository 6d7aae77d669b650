// The remedy by plaintext in the hall: the browser makes the signed bytes again from the bidder's files and
// its recipe, claims what is needed and no more, and brings again what the platform damaged.
import { ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { api } from '@/api/client'
import { bodyOf } from '@/sealing/body'
import { Fault } from '@/sealing/faults'
import { platformTrust } from '@/sealing/notice'
import type { Progress } from '@/sealing/progress'
import type { PartUrl } from '@/sealing/putPart'
import { readRecipes } from '@/sealing/recipe'
import type { ReleaseWork } from '@/sealing/release'
import { type Again, makeAgain, releaseAgain, type Remade, restoreParts } from '@/sealing/remedy'
import { useIdentity } from '@/stores/identity'
import { usePlatform } from '@/stores/platform'
import type { BidRow, Snapshot } from './types'

const POLL = 500
const PATIENCE = 120_000
const AT_WORK = new Set(['queued', 'decrypting'])

interface Restoration { readonly parts: readonly PartUrl[]; readonly held: readonly number[] }

export const ownRow = (hall: Snapshot): BidRow | null => hall.bids?.find((row) => row.bid === hall.me.bid) ?? null
export const unrestored = (row: BidRow | null): BidRow['damages'] => row?.damages.filter((damage) => damage.restored_at === null) ?? []

/** What the platform damaged of one's own bid may be brought again now. */
export const canRestore = ({ may }: Snapshot): boolean => may.includes('restore_object') || may.includes('restore_body')

export function useRemedy(lot: string, after: () => unknown) {
  const { t, te } = useI18n()
  const identity = useIdentity()
  const platform = usePlatform()
  const busy = ref(false)
  const problem = shallowRef<unknown>(null)
  const fault = ref('')
  const told = ref<string[]>([])
  const progress = ref<Progress | null>(null)
  const root = `/api/lots/${lot}`
  const show = (step: Progress): void => { progress.value = step }
  const tell = (word: string, facts: Record<string, unknown> = {}): void => { told.value = [...told.value, t(`hall.plaintext.told.${word}`, facts)] }

  async function carryOut(recipe: File, files: readonly File[], alone: boolean): Promise<void> {
    const recipes = readRecipes(await recipe.text())
    const { certificates } = await platform.load()
    const work = await api.get<ReleaseWork>(`${root}/release-work`)
    const { body } = await bodyOf(files)
    const made = await makeAgain(work, recipes, body, await platformTrust(certificates), show)
    tell('same', { n: made.objects.length })
    const state = (await own()).state
    if (state === 'sealed' || (state === 'waiting' && alone)) await release(made, alone)
    await bringAgain(new Map(made.objects.map((each) => [each.item.kind, each])))
  }

  async function release(made: Remade, alone: boolean): Promise<void> {
    if (!identity.current) throw new Fault('no-key', 'no certificate is open')
    const { releases, signature } = await releaseAgain(made, identity.current, alone)
    const parts = releases.map(({ kind, i, enc, ct, custody }) => ({ kind, i, enc, ct, ...(custody ? { custody } : {}) }))
    await api.post(`${root}/releases/bidder`, { releases: parts, remedy: true, signature }, { key: crypto.randomUUID() })
    tell(alone ? 'alone' : 'released')
    await after()
  }

  /** Sends what the platform finds damaged, until it finds nothing more of it or waits for somebody else. */
  async function bringAgain(objects: ReadonlyMap<string, Again>): Promise<void> {
    const until = performance.now() + PATIENCE
    while (performance.now() < until) {
      const row = await own()
      const damaged = unrestored(row)
      for (const { kind } of damaged) {
        await restore(kind, objects.get(kind))
        tell('restored', { what: t(kind.endsWith('/statement') ? 'hall.object.statement' : 'hall.object.body') })
        await after()
      }
      const isRead = row.state === 'decrypted' && ['waiting', 'checking'].includes(row.body_check)
      if (damaged.length === 0 && !isRead && !AT_WORK.has(row.state)) return end(row)
      await new Promise((resolve) => { setTimeout(resolve, POLL) })
    }
    tell('later')
  }

  function end(row: BidRow): void {
    if (row.state === 'decrypted') tell(row.body_check === 'sound' ? 'sound' : 'unsound')
    else if (row.state === 'waiting') tell('waiting')
  }

  async function restore(kind: string, made: Again | undefined): Promise<void> {
    if (made === undefined) throw new Fault('recipe-of-another', 'the damaged object was not made again')
    const addresses = (numbers: readonly number[]): Promise<Restoration> => api.post(`${root}/restoration/parts`, { kind, numbers })
    const { held } = await addresses([])
    await restoreParts(made, held, async (number) => {
      const [target] = (await addresses([number])).parts
      if (target === undefined) throw new Fault('upload-refused', 'no address for the part')
      return target
    }, show)
    await api.post(`${root}/restoration/complete`, { kind }, { key: crypto.randomUUID() })
  }

  async function own(): Promise<BidRow> {
    const row = ownRow(await api.get<Snapshot>(`${root}/hall`))
    if (row === null) throw new Fault('not-addressed', 'no bid of this enterprise is here')
    return row
  }

  async function remedy(recipe: File, files: readonly File[], alone: boolean): Promise<void> {
    if (busy.value) return
    busy.value = true
    problem.value = null
    fault.value = ''
    told.value = []
    try {
      await carryOut(recipe, files, alone)
    } catch (error) {
      if (error instanceof Fault && te(`hall.fault.${error.code}`)) fault.value = t(`hall.fault.${error.code}`, error.facts)
      else problem.value = error
    } finally {
      busy.value = false
      progress.value = null
      await after()
    }
  }

  return { busy, problem, fault, told, progress, remedy }
}
