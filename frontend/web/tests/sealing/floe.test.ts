import { describe, expect, it } from 'vitest'
import { type Bytes, concat, readU32, utf8 } from '@/sealing/bytes'
import { openFloe, openSegment, plainSegment, sealSegment, segmentCount, startFloe } from '@/sealing/floe'
import { hexFile, namesIn } from '../vectors'

const KEY = new Uint8Array(32)
const AAD = utf8('This is AAD')
const names = namesIn('floe').filter((name) => name.endsWith('_ct.txt')).map((name) => name.replace(/_ct\.txt$/, ''))

function rotationOf(name: string): number {
  return name.includes('rotation') ? 2 : 20
}

async function decrypt(sealed: Bytes, rotation: number, key = KEY, aad = AAD): Promise<Bytes> {
  const floe = await openFloe(key, aad, sealed.slice(0, 74), rotation)
  const plain: Bytes[] = []
  let at = 74
  for (let position = 0; ; position++) {
    const first = readU32(sealed, at)
    const last = first !== 0xffffffff
    const end = at + (last ? first : floe.segment)
    plain.push(await openSegment(floe, position, last, sealed.slice(at, end)))
    at = end
    if (last) break
  }
  expect(at).toBe(sealed.length)
  return concat(...plain)
}

describe('the official FLOE vectors', () => {
  it('are at hand', () => {
    expect(names.length).toBe(17)
  })

  it.each(names)('%s opens to its plaintext', async (name) => {
    const plain = await decrypt(hexFile(`floe/${name}_ct.txt`), rotationOf(name))
    expect(Buffer.from(plain).equals(Buffer.from(hexFile(`floe/${name}_pt.txt`)))).toBe(true)
  })

  it('refuse another key and other associated data', async () => {
    const sealed = hexFile('floe/go_GCM256_IV256_64_ct.txt')
    await expect(decrypt(sealed, 20, new Uint8Array(32).fill(1))).rejects.toThrow('header tag')
    await expect(decrypt(sealed, 20, KEY, utf8('This is AAd'))).rejects.toThrow('header tag')
  })
})

describe('a sealed segment', () => {
  async function sealed() {
    const floe = await startFloe(KEY, AAD, 64)
    const plain = new Uint8Array(plainSegment(64)).fill(7)
    return { floe, plain, first: await sealSegment(floe, 0, false, plain), last: await sealSegment(floe, 1, true, plain.slice(0, 5)) }
  }

  it('does not open at another position, as another end, cut or lengthened', async () => {
    const { floe, first, last } = await sealed()
    await expect(openSegment(floe, 1, false, first)).rejects.toMatchObject({ code: 'not-authentic' })
    await expect(openSegment(floe, 0, true, first)).rejects.toMatchObject({ code: 'malformed' })
    await expect(openSegment(floe, 1, false, last)).rejects.toMatchObject({ code: 'malformed' })
    await expect(openSegment(floe, 1, true, last.slice(0, -1))).rejects.toMatchObject({ code: 'malformed' })
    await expect(openSegment(floe, 1, true, concat(last, new Uint8Array(1)))).rejects.toMatchObject({ code: 'malformed' })
  })

  it('does not open with any single bit changed', async () => {
    const { floe, last } = await sealed()
    for (let bit = 0; bit < last.length * 8; bit++) {
      const altered = last.slice()
      altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7))
      await expect(openSegment(floe, 1, true, altered)).rejects.toThrow()
    }
  })

  it('is never the same twice', async () => {
    const { floe, plain, first } = await sealed()
    expect(await sealSegment(floe, 0, false, plain)).not.toEqual(first)
  })

  it('counts one segment for an empty body and none too many for a full one', () => {
    expect([0, 1, 31, 32, 33, 64, 65].map((size) => segmentCount(size, 64))).toEqual([1, 1, 1, 1, 2, 2, 3])
  })
})
