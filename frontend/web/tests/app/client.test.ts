import { afterEach, describe, expect, it, vi } from 'vitest'
import { api, onProofNeeded } from '@/api/client'

const refusal = { code: 'proof-needed', title: '此项操作须再次证明身份', facts: { by: 'key' } }
const needed = (): Response => new Response(JSON.stringify(refusal), { status: 403 })
const done = (): Response => new Response('{"done":true}')

/** A platform that answers by script, and a person who is asked and does as told; how often each was asked. */
function scene(answers: Response[], proves = true) {
  const fetched = vi.fn(() => Promise.resolve(answers.shift() ?? needed()))
  const asked = vi.fn((takesKey: boolean) => Promise.resolve(proves && takesKey))
  vi.stubGlobal('fetch', fetched)
  onProofNeeded(asked)
  return { fetched, asked }
}

describe('an act that asks for a fresh proof', () => {
  afterEach(() => {
    onProofNeeded(null)
    vi.unstubAllGlobals()
  })

  it('goes once the person has given it', async () => {
    const { fetched, asked } = scene([needed(), done()])
    await expect(api.post('/api/x')).resolves.toEqual({ done: true })
    expect([fetched.mock.calls.length, asked.mock.calls.length]).toEqual([2, 1])
  })

  it('asks once, and says clearly that the proof did not help', async () => {
    const { fetched, asked } = scene([])
    await expect(api.post('/api/x')).rejects.toMatchObject({ status: 403, code: 'proof-unheard' })
    expect([fetched.mock.calls.length, asked.mock.calls.length]).toEqual([2, 1])
  })

  it('is not tried again when the person declines, nor for what is a proof itself', async () => {
    const declined = scene([], false)
    await expect(api.post('/api/x')).rejects.toMatchObject({ code: 'proof-needed' })
    expect(declined.fetched).toHaveBeenCalledTimes(1)
    const proof = scene([])
    await expect(api.post('/api/login/again')).rejects.toMatchObject({ code: 'proof-needed' })
    expect([proof.fetched.mock.calls.length, proof.asked.mock.calls.length]).toEqual([1, 0])
  })
})
