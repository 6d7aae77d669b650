import { describe, expect, it } from 'vitest'
import { underCode } from '@/sealing/backup'
import { fromHex, hex } from '@/sealing/bytes'
import { contextHash } from '@/sealing/context'
import { headerDigest, readHeader } from '@/sealing/header'
import { newCode, PLACE, readCode, readRecovery, type Recovery, unwrapUnder, wrapUnder } from '@/sealing/recovery'
import { openTrial } from '@/sealing/trial'
import { wrapBinding } from '@/sealing/wraps'
import { vector } from '../vectors'

interface Vector {
  code: string
  typed: string[]
  refused_codes: string[]
  cases: { ch: string; sb: string; salt: string; iv: string; bind: string; header: string; header_sha256: string; without: string }[]
  refused_headers: Record<string, string>
  broken: Record<string, Recovery>
}

const { code, typed, refused_codes, cases, refused_headers, broken } = vector<Vector>('recovery.json')

describe.each(cases.map((item, at) => [at + 1, item] as const))('suite %i', (_, item) => {
  it('has the same wrap, and the header without it is the one it was', async () => {
    const header = readHeader(item.header)
    const ch = await contextHash(header.ctx)
    expect([hex(ch), hex(wrapBinding('bidder', PLACE, ch)), await headerDigest(header)]).toEqual([item.ch, item.bind, item.header_sha256])
    const { recovery, ...rest } = header
    expect(await headerDigest(rest)).toBe(item.without)
    expect(await wrapUnder(code, fromHex(item.sb), ch, fromHex(item.salt), fromHex(item.iv))).toEqual(recovery)
    const secret = await unwrapUnder(code.toLowerCase(), recovery as Recovery, ch)
    expect(hex(secret)).toBe(item.sb)
    await openTrial(header, secret)
    expect(await underCode(code)(header, '')).toEqual(secret)
    await expect(underCode(newCode())(header, '')).rejects.toMatchObject({ code: 'code-of-another' })
    await expect(underCode(code)(rest, '')).rejects.toMatchObject({ code: 'no-recovery' })
  })
})

describe('what is refused', () => {
  it.each(Object.entries(refused_headers))('header: %s', (_, text) => {
    expect(() => readHeader(text)).toThrow(expect.objectContaining({ code: 'malformed' }) as Error)
  })

  it.each(Object.entries(broken))('wrap: %s', async (_, wrapped) => {
    await expect(unwrapUnder(code, readRecovery(wrapped), fromHex(cases[0]?.ch ?? ''))).rejects.toMatchObject({ code: 'code-of-another' })
  })

  it.each(refused_codes.map((each) => [each]))('code: %s', (text) => {
    expect(() => readCode(text)).toThrow(expect.objectContaining({ code: 'code-mistyped' }) as Error)
  })
})

describe('a code', () => {
  it.each(typed.map((each) => [each]))('is read as typed: %s', (text) => { expect(readCode(text)).toBe(code) })

  it('is a fresh one each time, and reads back', () => {
    const made = Array.from({ length: 300 }, newCode)
    expect(new Set(made).size).toBe(300)
    for (const each of made) expect(readCode(each)).toBe(each)
    expect(new Set(made.map((each) => each[0])).size).toBeGreaterThan(24)
  })
})
