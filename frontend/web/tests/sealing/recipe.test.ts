import 'fake-indexeddb/auto'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { base64, fromBase64, fromHex, hex, sha256Hex } from '@/sealing/bytes'
import type { Context } from '@/sealing/context'
import { digestOf } from '@/sealing/digesting'
import { resumeSealing, seal } from '@/sealing/envelope'
import { headerDigest } from '@/sealing/header'
import { sendParts } from '@/sealing/parts'
import { type KeptRecipe, lockRecipe, readRecipes, recipeText, unlockRecipe } from '@/sealing/recipe'
import { RecipeKeeper } from '@/sealing/recipeShelf'
import { type KeyVector, nameOf, plaintext, standIn, vector } from '../vectors'

interface Case { file: string; name: string; body: string; salt: string; iv: string; statement: string; entry: KeptRecipe & { nonces: string } }
interface Made { name: string; size: number; sb: string; sp: string; header: string; header_sha256: string; manifest: string }

const { cases, file, broken, refused_files } = vector<{ cases: Case[]; file: string; broken: Record<string, KeptRecipe>; refused_files: string[] }>('recipe.json')
const made = ({ file: name, name: object }: Case): Made => vector<{ cases: Made[] }>(name).cases.find((each) => each.name === object) as Made

describe.each(cases.map((item) => [`${item.file} ${item.name}`, item] as const))('%s', (_, item) => {
  it('has the entry that the command line makes, and opens with the body alone', async () => {
    const { sb, sp, header_sha256: header } = made(item)
    const [both, body] = [{ bidder: fromHex(sb), custody: fromHex(sp) }, fromHex(item.body)]
    const { nonces, ...entry } = item.entry
    expect(await lockRecipe(both, { of: entry.of, header, body, statement: fromBase64(item.statement) }, fromHex(item.salt), fromHex(item.iv))).toEqual(entry)
    const found = await unlockRecipe(item.entry, header, body)
    expect([hex(found.bidder), hex(found.custody), base64(found.statement)]).toEqual([sb, sp, item.statement])
    expect(found.ivs.map(hex).join('')).toBe(hex(fromBase64(nonces)))
    await expect(unlockRecipe(item.entry, header, new Uint8Array(32))).rejects.toMatchObject({ code: 'other-plaintext' })
  })
})

describe('what is refused', () => {
  const [first] = cases as [Case]

  it.each(Object.entries(broken))('entry: %s', async (_, entry) => {
    const { code } = await unlockRecipe(entry, made(first).header_sha256, fromHex(first.body)).then(() => ({ code: 'opened' }), (error: unknown) => error as { code: string })
    expect(['other-plaintext', 'no-recipe']).toContain(code)
  })

  it.each(refused_files.map((each) => [each]))('file: %s', (text) => {
    expect(() => readRecipes(text)).toThrow(expect.objectContaining({ code: 'no-recipe' }) as Error)
  })

  it('reads the file of the command line, and writes the same', () => {
    const entries = readRecipes(file)
    expect([...entries.keys()]).toEqual(cases.filter((each) => each.file === 'ebid-1-full.json').map((each) => made(each).header_sha256))
    expect(JSON.parse(recipeText(Object.fromEntries(entries)))).toEqual(JSON.parse(file))
  })
})

describe('the digest of a plaintext', () => {
  it.each([0, 1, 9_000_001])('of %i bytes is its SHA-256, read through once', async (size) => {
    const content = plaintext(size)
    let read = 0
    expect(await digestOf(new Blob([content]), (bytes) => { read += bytes })).toBe(createHash('sha256').update(content).digest('hex'))
    expect(read).toBe(size)
  })
})

describe('a recipe on its way', () => {
  const { keys } = vector<{ keys: Record<string, KeyVector> }>('ebid-1-full.json')
  const certificate = (name: string) => standIn(keys[name] as KeyVector)
  const context = (envelope: string) => ({
    tender: 'E3207', lot: 'E3207001', round: 1, bidder: nameOf(keys.bidder_ec as KeyVector), version: 1, envelope, opens_at: '2026-12-01T01:00:00Z', suite: 1, seg: 256, k: 1, n: 1,
    custodians: [certificate('custodian_1').fingerprint],
  }) as Context

  async function send(keeper: RecipeKeeper, kind: string, content: Uint8Array<ArrayBuffer>, body: Uint8Array<ArrayBuffer>) {
    const isBody = kind === 'whole'
    const { header, floe } = await seal({
      ctx: context(kind), bidder: [certificate('bidder_ec')], custodians: [certificate('custodian_1')],
      keepSecrets: (digest, both) => keeper.keep(both, { of: kind, header: digest, body, ...(isBody ? {} : { statement: content }) }),
    })
    const road = {
      presign: (number: number) => Promise.resolve({ number, url: '', headers: {} }), put: () => Promise.resolve(), finished: () => Promise.resolve(),
      ready: () => Promise.resolve(), rest: () => Promise.resolve(), skipped: () => undefined, troubled: () => undefined,
    }
    const resumed = await resumeSealing(header, floe.messageKey)
    const parts = await sendParts({ body: new Blob([content]), floe: resumed.floe, done: new Map() }, road, new AbortController().signal)
    return { header, parts }
  }

  it('is whole once the parts of every object were sent, and is found again after a closed tab', async () => {
    const [content, statement] = [plaintext(1000), plaintext(90)]
    const body = fromHex(await sha256Hex(content))
    const keeper = await RecipeKeeper.begin('version-1', 2)
    const told = await send(keeper, 'whole/statement', statement, body)
    await keeper.finish(told.header, told.parts)
    const cut = await send(keeper, 'whole', content, body)
    expect(await keeper.text(), 'nothing is told before it is whole').toBeNull()
    const again = await RecipeKeeper.of('version-1') as RecipeKeeper
    const { header, parts } = await send(again, 'whole', content, body)
    await again.finish(header, parts)
    const entries = readRecipes(await again.text() as string)
    expect(entries.size, 'an object sealed anew takes the place of the one before').toBe(2)
    const [kept, own] = [await headerDigest(header), await headerDigest(told.header)]
    const opened = await unlockRecipe(entries.get(kept) as KeptRecipe, kept, body)
    expect(opened.ivs.map(base64)).toEqual(parts.map(({ iv }) => iv))
    expect(opened.statement).toHaveLength(0)
    expect((await unlockRecipe(entries.get(own) as KeptRecipe, own, body)).statement).toEqual(statement)
    await expect(again.finish(cut.header, cut.parts)).rejects.toMatchObject({ code: 'no-recipe' })
    await again.forget()
    expect(await RecipeKeeper.of('version-1')).toBeNull()
  })

  it('is none where none was wanted', async () => {
    expect(await RecipeKeeper.of('version-2')).toBeNull()
  })
})
