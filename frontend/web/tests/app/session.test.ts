// @vitest-environment jsdom
import 'fake-indexeddb/auto'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import type { Identity } from '@/sealing/identity'
import { useIdentity } from '@/stores/identity'
import { useSession } from '@/stores/session'

const KEY = { way: 'agent' } as Identity // what it can do is not asked here, only who still holds it

/** One tab: its own stores, signed in, with an opened key. */
function tab() {
  setActivePinia(createPinia())
  const session = useSession()
  const identity = useIdentity()
  session.me = { signed_in: true } as NonNullable<typeof session.me>
  session.tasks = [{ kind: 'x', title: 'x', due_at: null, link: '/' }]
  identity.current = KEY
  return { session, identity }
}

describe('signing out in one tab', () => {
  afterEach(() => { vi.unstubAllGlobals() })

  it('ends it in every tab of the browser, key and all, though the network is gone', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')))
    const [here, there] = [tab(), tab()]
    await expect(here.session.logout()).rejects.toMatchObject({ code: 'offline' })
    await vi.waitFor(() => { expect(there.session.leftElsewhere).toBe(true) })
    await nextTick()
    expect([here.identity.current, there.identity.current]).toEqual([null, null])
    expect([there.session.signedIn, there.session.tasks]).toEqual([false, []])
    expect(here.session.leftElsewhere).toBe(false)
  })

  it('is over once somebody signs in again', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{}')))
    const [here, there] = [tab(), tab()]
    await here.session.logout(true)
    await vi.waitFor(() => { expect(there.session.leftElsewhere).toBe(true) })
    await there.session.load()
    expect(there.session.leftElsewhere).toBe(false)
  })
})
