import { generateKeyPairSync, sign } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { keyId, type VerifierKey } from '@/ledger/checkpoint'
import { compareWithMemory, forget, remembered, type Store } from '@/ledger/memory'
import { base64, type Bytes, concat, hex, utf8 } from '@/sealing/bytes'
import { leafHash, nodeHash } from '@/ledger/merkle'

const NAME = 'yunkai/test'
const pair = generateKeyPairSync('ed25519')
const raw = new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
const pinned: VerifierKey = { name: NAME, raw }
let key = ''
let store: Store

function storeOf(): Store {
  const values = new Map<string, string>()
  return { getItem: (name) => values.get(name) ?? null, setItem: (name, value) => void values.set(name, value), removeItem: (name) => void values.delete(name) }
}

async function noteOf(size: number, root: Bytes): Promise<string> {
  const text = `${NAME}\n${String(size)}\n${base64(root)}\n`
  const line = base64(concat(await keyId(pinned), new Uint8Array(sign(null, Buffer.from(text), pair.privateKey))))
  return `${text}\n— ${NAME} ${line}\n`
}

/** Leaves 0 … n−1 of a log, told apart by a letter. */
const leaf = (letter: string, index: number): Promise<Bytes> => leafHash(utf8(`${letter}${String(index)}`))
const never = (): Promise<string[]> => Promise.reject(new Error('no proof is needed'))

beforeEach(async () => {
  store = storeOf()
  key = `${NAME}+${hex(await keyId(pinned))}+${base64(concat(new Uint8Array([1]), raw))}`
})

describe('the last checkpoint a browser saw', () => {
  it('is kept at first sight and equal at the second', async () => {
    const note = await noteOf(1, await leaf('a', 0))
    expect((await compareWithMemory(note, key, store, never)).kind).toBe('first')
    expect(remembered(store)?.note).toBe(note)
    expect((await compareWithMemory(note, key, store, never)).kind).toBe('same')
  })

  it('is followed by a log that only grew, and replaced by the newer one', async () => {
    const [first, second] = [await leaf('a', 0), await leaf('a', 1)]
    await compareWithMemory(await noteOf(1, first), key, store, never)
    const newer = await noteOf(2, await nodeHash(first, second))
    const found = await compareWithMemory(newer, key, store, (old, now) => Promise.resolve(old === 1 && now === 2 ? [hex(second)] : []))
    expect(found).toMatchObject({ kind: 'grown', old: { size: 1 }, now: { size: 2 } })
    expect(remembered(store)?.note).toBe(newer)
  })

  it('finds out a log that was rewritten, forked or cut, and stays as the evidence', async () => {
    const [first, second, other] = [await leaf('a', 0), await leaf('a', 1), await leaf('b', 0)]
    const kept = await noteOf(1, first)
    await compareWithMemory(kept, key, store, never)
    const rewritten = await noteOf(2, await nodeHash(other, second))
    await expect(compareWithMemory(rewritten, key, store, () => Promise.resolve([hex(second)]))).rejects.toMatchObject({ code: 'broken-chain' })
    await expect(compareWithMemory(await noteOf(1, other), key, store, never)).rejects.toMatchObject({ code: 'broken-chain' })
    await expect(compareWithMemory(await noteOf(0, first), key, store, never)).rejects.toMatchObject({ code: 'broken-chain' })
    expect(remembered(store)?.note).toBe(kept)
  })

  it('is not replaced by a note the platform did not sign', async () => {
    const kept = await noteOf(1, await leaf('a', 0))
    await compareWithMemory(kept, key, store, never)
    const forged = (await noteOf(2, await leaf('a', 1))).replace('\n2\n', '\n3\n')
    await expect(compareWithMemory(forged, key, store, never)).rejects.toMatchObject({ code: 'not-authentic' })
    expect(remembered(store)?.note).toBe(kept)
  })

  it('can be forgotten, and a spoilt memory counts as none', async () => {
    await compareWithMemory(await noteOf(1, await leaf('a', 0)), key, store, never)
    forget(store)
    expect(remembered(store)).toBeNull()
    store.setItem('yunkai.checkpoint', '{not json')
    expect(remembered(store)).toBeNull()
  })
})
