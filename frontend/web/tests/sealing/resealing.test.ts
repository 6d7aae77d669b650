import { describe, expect, it } from 'vitest'
import { type Bytes, fromHex, hex, sha256Hex } from '@/sealing/bytes'
import { openWhole } from '@/sealing/envelope'
import { readHeader } from '@/sealing/header'
import { readManifest } from '@/sealing/manifest'
import type { Road } from '@/sealing/parts'
import { checkAgain, type Resealing, sendAgain } from '@/sealing/resealing'
import { nonce, plaintext, vector } from '../vectors'

interface Made { name: string; size: number; sb: string; sp: string; header: string; manifest: string; body_sha256: string }

const cases = ['ebid-1-full.json', 'sm.json'].flatMap((file) => vector<{ cases: Made[] }>(file).cases.filter(({ size }) => size < 5000).map((item) => [`${file} ${item.name}`, item] as const))
const never = new AbortController().signal

async function job({ size, sb, sp, header, manifest }: Made, content: Bytes = plaintext(size)): Promise<Resealing> {
  const { parts } = readManifest(manifest)
  const floe = await openWhole(readHeader(header), fromHex(sb), fromHex(sp))
  return { body: new Blob([content]), floe, ivs: parts.map((_, at) => nonce(at)), parts }
}

/** A store that keeps what was put. */
function road(stored: Map<number, Bytes>): Road {
  return {
    presign: (number, digest) => Promise.resolve({ number, url: digest, headers: {} }),
    put: async ({ number, url }, sealed, digest) => {
      expect([hex(digest), await sha256Hex(sealed)]).toEqual([url, url])
      stored.set(number, sealed)
    },
    finished: () => Promise.resolve(), ready: () => Promise.resolve(), rest: () => Promise.resolve(), skipped: () => undefined, troubled: () => undefined,
  }
}

describe.each(cases)('%s', (_, item) => {
  it('is made again to the last byte', async () => {
    const [made, stored] = [await job(item), new Map<number, Bytes>()]
    let bytes = 0
    await checkAgain(made, (each) => { bytes += each }, never)
    await sendAgain(made, made.parts.map((_part, at) => at + 1), road(stored), never)
    const whole = new Blob([...stored].sort(([a], [b]) => a - b).map(([, part]) => part))
    expect(bytes).toBe(whole.size)
    expect(await sha256Hex(new Uint8Array(await whole.arrayBuffer()))).toBe(item.body_sha256)
  })
})

describe('what differs', () => {
  const item = cases.find(([name]) => name.includes('three segments'))?.[1] as Made

  it('is refused by the number of its part, and never sent', async () => {
    const content = plaintext(item.size)
    content[40] = (content[40] ?? 0) ^ 1
    const [made, stored] = [await job(item, content), new Map<number, Bytes>()]
    await expect(checkAgain(made, () => undefined, never)).rejects.toMatchObject({ code: 'other-part', facts: { number: 2, of: 4 } })
    await expect(sendAgain(made, [2], road(stored), never)).rejects.toMatchObject({ code: 'other-part' })
    await sendAgain(made, [1, 4], road(stored), never)
    expect([...stored.keys()].sort()).toEqual([1, 4])
    await expect(checkAgain({ ...made, ivs: [nonce(9), ...made.ivs.slice(1)] }, () => undefined, never)).rejects.toMatchObject({ facts: { number: 1 } })
  })
})
