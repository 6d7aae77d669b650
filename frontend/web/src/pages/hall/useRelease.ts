// Releasing keys of one lot: the browser checks the signed notice and its time stamp, opens what is sealed to the chosen
// certificate, and sends it sealed to the opening session. A custodian's complaint about what does not open goes along.
import { ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { api } from '@/api/client'
import { fromBackup, readBackup, releaseAsRemedy, type SecretOf, underCode } from '@/sealing/backup'
import { Fault } from '@/sealing/faults'
import { platformTrust } from '@/sealing/notice'
import { readCode } from '@/sealing/recovery'
import { releaseKeys, type ReleaseWork, sendShares } from '@/sealing/release'
import { useIdentity } from '@/stores/identity'
import { usePlatform } from '@/stores/platform'
import type { Snapshot } from './types'

/** A bid that was not released, and why. */
interface Kept { readonly bid: string; readonly why: string }

export function useRelease(after: () => unknown) {
  const { t, te } = useI18n()
  const identity = useIdentity()
  const platform = usePlatform()
  const busy = ref(false)
  const complained = ref(false)
  const problem = shallowRef<unknown>(null)
  const refusals = ref<string[]>([])
  const progress = ref<{ done: number; of: number } | null>(null)

  async function send(lot: string, role: 'bidder' | 'custodian'): Promise<void> {
    if (!identity.current) return
    const root = `/api/lots/${lot}`
    const { certificates } = await platform.load()
    const work = await api.get<ReleaseWork>(`${root}/release-work`)
    const made = await releaseKeys(work, identity.current, await platformTrust(certificates), (done, of) => { progress.value = { done, of } })
    const kept: Kept[] = made.unreleased.map(({ bid, fault }) => ({ bid, why: te(`hall.fault.${fault.code}`) ? t(`hall.fault.${fault.code}`) : fault.message }))
    const post = async (body: object): Promise<void> => {
      const { unread } = await api.post<{ unread?: { bid: string }[] }>(`${root}/releases/${role}`, body, { key: crypto.randomUUID() })
      for (const { bid } of unread ?? []) if (!kept.some((each) => each.bid === bid)) kept.push({ bid, why: t('hall.fault.not-kept') })
    }
    if (role === 'custodian') {
      problem.value = await sendShares(post, made)
      refusals.value = await named(root, kept)
      complained.value = made.complaint !== null && problem.value === null
    } else if (made.releases.length > 0 && kept.length === 0) {
      const releases = made.releases.map(({ kind, i, enc, ct }) => ({ kind, i, enc, ct }))
      await post({ releases, remedy: false, signature: made.signature })
    }
    if (role === 'bidder') refusals.value = [...new Set(kept.map(({ why }) => why))]
    await after()
  }

  /** A custodian is told of which bid it could not release, by its place and bidder. */
  async function named(root: string, kept: readonly Kept[]): Promise<string[]> {
    if (kept.length === 0) return []
    const rows = (await api.get<Snapshot>(`${root}/hall`)).bids ?? []
    return [...new Set(kept.map(({ bid, why }) => {
      const row = rows.find((each) => each.bid === bid)
      return row ? t('hall.keptBack', { place: row.place, name: row.bidder.name, why }) : why
    }))]
  }

  // With the bidder's own backup or recovery code, where the tender document has a remedy.
  async function sendRemedy(lot: string, secretOf: SecretOf): Promise<void> {
    if (!identity.current) return
    const { certificates } = await platform.load()
    const work = await api.get<ReleaseWork>(`/api/lots/${lot}/release-work`)
    const made = await releaseAsRemedy(work, secretOf, identity.current, await platformTrust(certificates))
    const releases = made.releases.map(({ kind, i, enc, ct }) => ({ kind, i, enc, ct }))
    await api.post(`/api/lots/${lot}/releases/bidder`, { releases, remedy: true, signature: made.signature }, { key: crypto.randomUUID() })
    await after()
  }

  const release = (lot: string, role: 'bidder' | 'custodian'): Promise<void> => attempt(() => send(lot, role))
  const releaseBackup = (lot: string, file: File): Promise<void> => attempt(async () => sendRemedy(lot, fromBackup(readBackup(await file.text()))))
  const releaseByCode = (lot: string, code: string): Promise<void> => attempt(() => sendRemedy(lot, underCode(readCode(code))))

  async function attempt(act: () => Promise<void>): Promise<void> {
    if (busy.value) return
    busy.value = true
    complained.value = false
    problem.value = null
    refusals.value = []
    try {
      await act()
    } catch (error) {
      if (error instanceof Fault && te(`hall.fault.${error.code}`)) refusals.value = [t(`hall.fault.${error.code}`)]
      else problem.value = error
    } finally {
      busy.value = false
      progress.value = null
    }
  }

  return { busy, complained, problem, refusals, progress, release, releaseBackup, releaseByCode }
}
