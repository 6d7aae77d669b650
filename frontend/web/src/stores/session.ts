// Who is signed in, as the server says; the page never decides a right by itself.
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, Problem, type UnmetRule } from '@/api/client'
import { useIdentity } from '@/stores/identity'

export interface Version { number: number; status: string; data: Record<string, unknown>; declared_by: string | null; declared_at: string | null; verified_by: string | null; verified_at: string | null; reason: string; in_effect: boolean }
export interface Party { id: string; uscc: string; name: string; roles: string[]; status: string; status_reason: string; versions: Version[]; may: string[]; missing: UnmetRule[] }
export interface BoundCertificate { fingerprint: string; subject_name: string; issuer: string; serial: string; key_kind: string; not_before: string; not_after: string; bound_at: string; state: 'usable' | 'ends-soon' | 'ended' | 'revoked' | 'not-yet'; pem: string; signing: string | null }
export interface Caution { code: string; message: string; certificate: string | null; not_after: string | null }
export interface Task { kind: string; title: string; due_at: string | null; link: string }
export interface Me {
  signed_in: boolean
  actor: { id: string; name: string; roles: string[]; party_id: string | null; certificate: string | null }
  party: Party | null
  certificates: BoundCertificate[]
  warnings: Caution[]
}

const SIGNED_OUT = 'signed-out'

export const useSession = defineStore('session', () => {
  const identity = useIdentity()
  const me = ref<Me | null>(null)
  const tasks = ref<Task[]>([])
  const loaded = ref(false)
  /** Another tab of this browser signed out, and with it this one: the session is one, and each tab may hold the key. */
  const leftElsewhere = ref(false)
  const tabs = new BroadcastChannel('yunkai.session')
  tabs.onmessage = (event: MessageEvent<unknown>) => { if (event.data === SIGNED_OUT) void leaveToo() }
  const roles = computed(() => new Set(me.value?.actor.roles ?? []))
  const signedIn = computed(() => me.value !== null)

  async function load(): Promise<void> {
    try {
      const found = await api.get<Me>('/api/me')
      me.value = found.signed_in ? found : null
      leftElsewhere.value = false
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      me.value = null
    } finally {
      loaded.value = true
    }
  }

  async function loadTasks(): Promise<void> {
    tasks.value = (await api.get<{ items: Task[] }>('/api/me/tasks')).items
  }

  /** What a tab could sign in with, or kept of somebody's work. */
  async function forget(): Promise<void> {
    await identity.forget()
    sessionStorage.clear()
  }

  function isNobody(): void {
    me.value = null
    tasks.value = []
  }

  /** Signs out here, or everywhere. What this tab and others of this browser keep does not wait for the network; but to end others' sessions a proof is asked, which needs the key. */
  async function logout(everywhere = false): Promise<void> {
    if (everywhere) await api.delete('/api/me/sessions')
    await forget()
    tabs.postMessage(SIGNED_OUT)
    if (!everywhere) await api.post('/api/logout')
    isNobody()
  }

  async function leaveToo(): Promise<void> {
    isNobody()
    await forget()
    leftElsewhere.value = true
  }

  return { me, tasks, loaded, roles, signedIn, leftElsewhere, load, loadTasks, logout }
})
