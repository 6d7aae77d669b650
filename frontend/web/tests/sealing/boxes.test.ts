import { describe, expect, it } from 'vitest'
import { type Letter, statementOf } from '@/sealing/body'
import { fromHex, hex, sha256Hex, textOf, utf8 } from '@/sealing/bytes'
import { choose, commitmentOf, type Coefficients, drawAgain, drawHolds, mixed } from '@/sealing/drawing'
import { openBox, sealBox, type SealedBox } from '@/sealing/sealedBox'
import { type KeyVector, standIn, unwrapperOf, vector } from '../vectors'

interface Boxes {
  place: { purpose: string; subject: string }
  plain: string
  boxes: Record<string, SealedBox>
  draw: Coefficients & { mixed: string; label: string; items: number; chosen: number[] }
  statements: { fields: Record<string, string>; guarantee: Letter | null; size: number | null; sha256: string }[]
}

const known = vector<Boxes>('boxes.json')
const { keys } = vector<{ keys: Record<string, KeyVector> }>('ebid-1-full.json')
const key = (name: string): KeyVector => keys[name] as KeyVector
const { purpose, subject } = known.place

describe.each(['bidder_ec', 'bidder_rsa'])('a sealed box for %s', (name) => {
  it('made by Python opens here, for its own purpose and subject alone', async () => {
    const unwrapper = await unwrapperOf(key(name))
    const box = known.boxes[name] as SealedBox
    expect(textOf(await openBox(box, unwrapper, purpose, subject))).toBe(known.plain)
    await expect(openBox(box, unwrapper, purpose, `${subject}0`)).rejects.toMatchObject({ code: 'not-authentic' })
    await expect(openBox(box, unwrapper, 'guarantee-application', subject)).rejects.toMatchObject({ code: 'not-authentic' })
  })

  it('made here opens for its holder and for nobody else', async () => {
    const box = await sealBox(utf8(known.plain), standIn(key(name)), purpose, subject)
    expect(textOf(await openBox(box, await unwrapperOf(key(name)), purpose, subject))).toBe(known.plain)
    await expect(openBox(box, await unwrapperOf(key('session')), purpose, subject)).rejects.toThrow('another certificate')
  })

  it('altered in one bit stays shut', async () => {
    const box = known.boxes[name] as SealedBox
    const altered = { ...box, ct: box.ct.startsWith('A') ? `B${box.ct.slice(1)}` : `A${box.ct.slice(1)}` }
    await expect(openBox(altered, await unwrapperOf(key(name)), purpose, subject)).rejects.toThrow('does not open')
  })
})

describe('a draw done again', () => {
  const { draw } = known

  it('commits and mixes as Python does', async () => {
    expect(await commitmentOf(fromHex(draw.seed))).toBe(draw.commitment)
    expect(hex(await mixed(fromHex(draw.seed), [fromHex(draw.set_sha256), utf8('abc')]))).toBe(draw.mixed)
  })

  it('chooses the same in the same order', async () => {
    const items = Array.from({ length: draw.items }, (_, at) => at)
    expect(await choose(fromHex(draw.mixed), draw.label, items, draw.items)).toEqual(draw.chosen)
    expect(await choose(fromHex(draw.mixed), draw.label, items, 5)).toEqual(draw.chosen.slice(0, 5))
  })

  it('gives the coefficients of the hall, and says so when any of them was not drawn', async () => {
    expect(await drawAgain(fromHex(draw.seed), fromHex(draw.set_sha256), draw.sets)).toEqual(draw.drawn)
    expect(await drawHolds(draw, draw.set_sha256)).toBe(true)
    const other = draw.sets.k?.find((value) => value !== draw.drawn.k) ?? ''
    expect(await drawHolds({ ...draw, drawn: { ...draw.drawn, k: other } }, draw.set_sha256)).toBe(false)
    expect(await drawHolds({ ...draw, commitment: draw.set_sha256 }, draw.set_sha256)).toBe(false)
    expect(await drawHolds(draw, draw.commitment)).toBe(false)
  })
})

describe('an opening statement', () => {
  it('has the bytes that Python gives it, padded or not, with a letter or without', async () => {
    for (const { fields, guarantee, size, sha256 } of known.statements) {
      const { body } = statementOf(fields, { guarantee, size })
      expect(await sha256Hex(new Uint8Array(await (body as Blob).arrayBuffer()))).toBe(sha256)
      if (size) expect(body.size).toBe(size)
    }
  })

  it('has one length whether or not a letter is sealed along', () => {
    const fields = { price: '1.00' }
    const letter = { data: { v: 1 }, pdf: 'AAAA' }
    expect(statementOf(fields, { size: 2048, guarantee: letter }).body.size).toBe(statementOf(fields, { size: 2048 }).body.size)
  })

  it('is refused when the letter is larger than the lot has room for', () => {
    expect(() => statementOf({ price: '1.00' }, { size: 64, guarantee: { data: {}, pdf: 'A'.repeat(64) } })).toThrow('longer')
  })
})
