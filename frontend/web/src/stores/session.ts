// Who is signed in, as the server says; the page never decides a right by itself.
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, Problem, type UnmetRule } from '@/api/client'

export interface Version { number: number; status: string; data: Record<string, unknown>; declared_by: string | null; declared_at: string | null; verified_by: string | null; verified_at: string | null; reason: string; in_effect: boolean }
export interface Party { id: string; uscc: string; name: string; roles: string[]; status: string; status_reason: string; versions: Version[]; may: string[]; missing: UnmetRule[] }
export interface BoundCertificate { fingerprint: string; subject_name: string; issuer: string; serial: string; key_kind: string; not_before: string; not_after: string; bound_at: string; state: 'usable' | 'ends-soon' | 'ended' | 'not-yet'; pem: string }
export interface Caution { code: string; message: string; certificate: string | null; not_after: string | null }
export interface Task { kind: string; title: string; due_at: string | null; link: string }
export interface Me {
  signed_in: boolean
  actor: { id: string; name: string; roles: string[]; party_id: string | null; certificate: string | null }
  party: Party | null
  certificates: BoundCertificate[]
  warnings: Caution[]
}

export const useSession = defineStore('session', () => {
  const me = ref<Me | null>(null)
  const tasks = ref<Task[]>([])
  const loaded = ref(false)
  const roles = computed(() => new Set(me.value?.actor.roles ?? []))
  const signedIn = computed(() => me.value !== null)

  async function load(): Promise<void> {
    try {
      const found = await api.get<Me>('/api/me')
      me.value = found.signed_in ? found : null
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

  async function logout(): Promise<void> {
    await api.post('/api/logout')
    me.value = null
    tasks.value = []
  }

  return { me, tasks, loaded, roles, signedIn, load, loadTasks, logout }
})
