// The certificate a person works with in this tab. The keys cannot be exported and never leave the browser.
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { forgetIdentity, type Identity, keepIdentity, openIdentity, recallIdentity } from '@/sealing/identity'

export const useIdentity = defineStore('identity', () => {
  const current = shallowRef<Identity | null>(null)

  async function open(file: Blob, password: string): Promise<Identity> {
    current.value = await openIdentity(file, password)
    await keepIdentity(current.value)
    return current.value
  }

  async function recall(): Promise<void> {
    current.value ??= await recallIdentity()
  }

  async function forget(): Promise<void> {
    current.value = null
    await forgetIdentity()
  }

  return { current, open, recall, forget }
})
