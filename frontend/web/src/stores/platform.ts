// What the platform says of itself before anyone signs in.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api } from '@/api/client'

export interface Platform {
  id: string
  name: string
  demo: boolean
  hotline: string
  origin: string
  /** Where a USB key's program listens on this computer; empty: the operator admits none. */
  key_agent: string
  time_stamping: 'external' | 'embedded'
  time_stamping_authority: string
  log: string
  checkpoint_key: string
  certificates: string[]
}

export const usePlatform = defineStore('platform', () => {
  const platform = ref<Platform | null>(null)
  async function load(): Promise<Platform> {
    platform.value ??= await api.get<Platform>('/api/platform')
    return platform.value
  }
  return { platform, load }
})
