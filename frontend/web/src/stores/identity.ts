// The certificate a person works with in this tab, and the way to its keys. No private key can be exported or sent.
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { keyRelay } from '@/app/keyRelay'
import { agentIdentities, forgetIdentity, type Identity, keepIdentity, openIdentity, phoneIdentities, recallIdentity } from '@/sealing/identity'
import { type Waiting, waiting } from '@/sealing/waiting'

export const useIdentity = defineStore('identity', () => {
  const current = shallowRef<Identity | null>(null)
  /** Several certificates were shown, and one is to be chosen. */
  const offered = shallowRef<readonly Identity[]>([])
  /** A key elsewhere is being asked. */
  const asked = ref<Waiting | null>(null)
  waiting.watch((now) => { asked.value = now })

  const open = async (file: Blob, password: string): Promise<void> => use(await openIdentity(file, password))
  const openAgent = async (address: string, token: string): Promise<void> => offer(await agentIdentities(address, token))
  const openPhone = async (): Promise<void> => offer(await phoneIdentities(keyRelay))

  async function offer(found: readonly Identity[]): Promise<void> {
    const [only] = found
    if (only !== undefined && found.length === 1) await use(only)
    else offered.value = found
  }

  async function use(identity: Identity): Promise<void> {
    current.value = identity
    offered.value = []
    await keepIdentity(identity)
  }

  async function recall(): Promise<void> {
    current.value ??= await recallIdentity(keyRelay)
  }

  async function forget(): Promise<void> {
    current.value = null
    offered.value = []
    await forgetIdentity()
  }

  return { current, offered, asked, open, openAgent, openPhone, use, recall, forget }
})
