import { beforeAll, describe, expect, it, vi } from 'vitest'
import { base64, type Bytes, concat, fromBase64, random, utf8 } from '@/sealing/bytes'
import { type Identity, identityOf } from '@/sealing/identity'
import type { KeyPair } from '@/sealing/keyStore'
import { phoneCarrier, type RelayApi } from '@/sealing/phone'
import { openPkcs12 } from '@/sealing/pkcs12'
import { type Carrier, remoteStore } from '@/sealing/questions'
import { hpkePublicKey, sealHpke, unwrapSecret, wrapSecret } from '@/sealing/wraps'
import { Pki } from '../pki'

type Asked = { id: string; reply: string; do: string; origin: string; messages?: string[]; locked?: { alg: 'hpke-p256'; info: string; enc: string; ct: string }[] }
const pki = new Pki()
const people: Record<string, Identity> = {}
const person = (name: string): Identity => people[name] as Identity
const pair = (name: string): KeyPair => ({ certificate: person(name).certificate, encryption: person(name).encryption, chain: [] })

beforeAll(async () => {
  for (const name of ['holder', 'other']) {
    pki.issue(name, 'ec', `/CN=${name}`)
    const [keys] = await openPkcs12(pki.pkcs12(name, 'p'), 'p')
    people[name] = await identityOf(keys as Parameters<typeof identityOf>[0])
  }
})

/** Whoever carries: `answer` makes the answer's content, `id` the question it claims to answer. */
function carrier(answer: (asked: Asked) => Promise<object> | object, change: (sealed: Bytes) => Bytes = (sealed) => sealed): Carrier {
  return {
    way: 'agent',
    carry: async ({ text }) => {
      const asked = JSON.parse(text) as Asked
      const plain = utf8(JSON.stringify({ v: 1, id: asked.id, ...(await answer(asked)) }))
      const { enc, ct } = await sealHpke(await hpkePublicKey(fromBase64(asked.reply)), concat(utf8('yunkai-key/1 answer\0'), utf8(asked.id)), plain)
      return change(concat(fromBase64(enc), fromBase64(ct)))
    },
  }
}

const signing = (name: string): Carrier => carrier(async ({ messages = [] }) => ({ signatures: await Promise.all(messages.map(async (each) => base64(await person(name).sign(fromBase64(each))))) }))

describe('a key elsewhere', () => {
  it('lists, signs and unwraps by questions that name their origin', async () => {
    const origins: string[] = []
    const store = remoteStore(carrier(({ origin }) => { origins.push(origin); return { pairs: [{ certificate: base64(person('holder').certificate.der), encryption: null, chain: [] }] } }), 'https://trade.example')
    const [found] = await store.list()
    expect(found?.certificate.fingerprint).toBe(person('holder').certificate.fingerprint)
    expect(found?.encryption).toBe(found?.certificate)
    expect(origins).toEqual(['https://trade.example'])
    await expect(remoteStore(signing('holder'), 'o').sign(pair('holder'), [utf8('a'), utf8('b')])).resolves.toHaveLength(2)
    const [secret, ch] = [random(32), random(32)]
    const wrap = await wrapSecret(secret, 'bidder', 0, ch, person('holder').encryption)
    const opening = remoteStore(carrier(async ({ locked = [] }) => ({ plain: await Promise.all(locked.map(async (each) => {
      const [plain] = await person('holder').unwrap([{ alg: each.alg, info: fromBase64(each.info), enc: fromBase64(each.enc), ct: fromBase64(each.ct) }])
      return plain ? base64(plain) : null
    })) })), 'o')
    const unwrapper = { encryption: person('holder').encryption, unwrap: (locked: Parameters<typeof opening.unwrap>[1]) => opening.unwrap(pair('holder'), locked) }
    expect(await unwrapSecret(wrap, ch, unwrapper)).toEqual(secret)
    await expect(unwrapSecret(wrap, random(32), unwrapper)).rejects.toMatchObject({ code: 'not-authentic' })
  })

  it('is not believed: another key’s signature, too few, another question’s answer, altered bytes', async () => {
    const refused = { code: 'not-authentic' }
    await expect(remoteStore(signing('other'), 'o').sign(pair('holder'), [utf8('a')])).rejects.toMatchObject(refused)
    await expect(remoteStore(carrier(() => ({ signatures: [] })), 'o').sign(pair('holder'), [utf8('a')])).rejects.toMatchObject(refused)
    await expect(remoteStore(carrier(() => ({ id: '0'.repeat(32), pairs: [] })), 'o').list()).rejects.toMatchObject(refused)
    await expect(remoteStore(carrier(() => ({ pairs: [] }), (sealed) => sealed.map((byte, at) => (at === 80 ? byte ^ 1 : byte))), 'o').list()).rejects.toMatchObject(refused)
    await expect(remoteStore(carrier(() => ({ plain: [] })), 'o').unwrap(pair('holder'), [{ alg: 'hpke-p256', info: random(1), enc: random(1), ct: random(1) }])).rejects.toMatchObject(refused)
    let kept: Bytes | null = null
    const replaying = carrier(() => ({ pairs: [] }), (sealed) => (kept ??= sealed))
    await remoteStore(replaying, 'o').list()
    await expect(remoteStore(replaying, 'o').list()).rejects.toMatchObject(refused)
  })

  it('in a telephone is waited for over a line that is cut, until it lets go', async () => {
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt'])
    const failing = (status: number) => Object.assign(new Error('refused'), { status })
    const said: (Error | { claimed: boolean; number: number; answer: string })[] = [failing(0), failing(503), { claimed: true, number: 1, answer: base64(utf8('yes')) }, failing(404), failing(403)]
    const api: RelayApi = {
      open: () => Promise.reject(failing(403)),
      ask: () => Promise.resolve({ number: 1 }),
      read: () => {
        const next = said.shift()
        return next === undefined || next instanceof Error ? Promise.reject(next ?? failing(500)) : Promise.resolve(next)
      },
      close: () => Promise.resolve(),
    }
    const asked = async () => {
      const question = { text: '{}', doing: 'sign', expiresAt: Date.now() + 60_000 } as Parameters<Carrier['carry']>[0]
      let heard: unknown = null
      phoneCarrier(api, { id: 'i', token: 't', key }).carry(question).then((answer) => { heard = new TextDecoder().decode(answer) }, (error: unknown) => { heard = error })
      await vi.waitUntil(() => heard !== null, { timeout: 10_000 })
      return heard
    }
    expect(await asked()).toBe('yes')
    expect(await asked()).toMatchObject({ code: 'no-answer' })
    expect(await asked()).toMatchObject({ status: 403 })
  })

  it('says no in words that the page knows', async () => {
    for (const [said, code] of [['declined', 'declined'], ['no-certificate', 'no-key'], ['something new', 'declined']] as const) {
      await expect(remoteStore(carrier(() => ({ refused: said })), 'o').list()).rejects.toMatchObject({ code })
    }
  })
})
