import { describe, expect, it } from 'vitest'
import { fromHex, hex, sha256, utf8 } from '@/sealing/bytes'
import { type Checkpoint, keyId, parseCheckpoint, parseNote, parseVerifierKey, verifyCheckpoint, verifyCosignature } from '@/ledger/checkpoint'
import { type EntryDocument, type Export, type SealedDocument, verifyEntryDocument, verifyExport, verifyGrowth, verifySealedDocument } from '@/ledger/documents'
import { consistencyHolds, inclusionHolds, leafHash, nodeHash } from '@/ledger/merkle'
import { type FeedMessage, StreamCheck } from '@/ledger/stream'
import { vector } from '../vectors'

interface LedgerVectors {
  key: string
  log: string
  checkpoint: string
  older_checkpoint: string
  consistency: string[]
  witness: { name: string; public_key: string; line: string; at: number }
  feed: FeedMessage[]
  entry_document: EntryDocument
  sealed_document: SealedDocument
  export: Export
}

const vectors = vector<LedgerVectors>('ledger.json')

/** Flips one hex digit. */
function flip(text: string, at = 0): string {
  return text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1)
}

type Bytes = Uint8Array<ArrayBuffer>

/** Tree head by the recursion of RFC 6962 section 2.1, unlike the iterative code it judges. */
async function head(leaves: readonly Bytes[]): Promise<Bytes> {
  if (leaves.length < 2) return leaves[0] ?? sha256(new Uint8Array(0))
  const middle = 2 ** Math.ceil(Math.log2(leaves.length) - 1)
  return nodeHash(await head(leaves.slice(0, middle)), await head(leaves.slice(middle)))
}

async function path(index: number, leaves: readonly Bytes[]): Promise<Bytes[]> {
  if (leaves.length < 2) return []
  const middle = 2 ** Math.ceil(Math.log2(leaves.length) - 1)
  if (index < middle) return [...(await path(index, leaves.slice(0, middle))), await head(leaves.slice(middle))]
  return [...(await path(index - middle, leaves.slice(middle))), await head(leaves.slice(0, middle))]
}

async function growth(old: number, leaves: readonly Bytes[], whole = true): Promise<Bytes[]> {
  if (old === leaves.length) return whole ? [] : [await head(leaves)]
  const middle = 2 ** Math.ceil(Math.log2(leaves.length) - 1)
  if (old <= middle) return [...(await growth(old, leaves.slice(0, middle), whole)), await head(leaves.slice(middle))]
  return [...(await growth(old - middle, leaves.slice(middle), false)), await head(leaves.slice(0, middle))]
}

describe('Merkle proofs', () => {
  const leaves = () => Promise.all(Array.from({ length: 20 }, (_, i) => leafHash(utf8(`leaf ${String(i)}`))))

  it('hold for every leaf of every tree up to 20, and for no other place, size or root', async () => {
    const all = await leaves()
    for (let size = 1; size <= 20; size++) {
      const root = await head(all.slice(0, size))
      for (let index = 0; index < size; index++) {
        const proof = await path(index, all.slice(0, size))
        const leaf = all[index] as Bytes
        expect(await inclusionHolds(leaf, index, size, proof, root)).toBe(true)
        expect(await inclusionHolds(leaf, index + 1, size, proof, root)).toBe(false)
        expect(await inclusionHolds(leaf, index, size, [...proof, root], root)).toBe(false)
        if (size > 1) expect(await inclusionHolds(leaf, index, size, proof.slice(1), root)).toBe(false)
      }
    }
  })

  it('of growth hold for every pair of sizes, and for no altered one', async () => {
    const all = await leaves()
    for (let size = 1; size <= 16; size++) {
      const root = await head(all.slice(0, size))
      for (let old = 1; old <= size; old++) {
        const before = await head(all.slice(0, old))
        const proof = await growth(old, all.slice(0, size))
        expect(await consistencyHolds(old, size, proof, before, root)).toBe(true)
        if (old < size) {
          expect(await consistencyHolds(old, size, proof, root, root)).toBe(false)
          expect(await consistencyHolds(old, size, proof.slice(0, -1), before, root)).toBe(false)
          expect(await consistencyHolds(old, size, [...proof, root], before, root)).toBe(false)
        }
      }
    }
  })

  it('do not overflow 32 bits', async () => {
    const [leaf] = await leaves()
    const size = 2 ** 40
    const siblings = await Promise.all(Array.from({ length: 40 }, (_, i) => leafHash(utf8(`level ${String(i)}`))))
    let root = leaf as Bytes
    for (const sibling of siblings) root = await nodeHash(root, sibling)
    expect(await inclusionHolds(leaf as Bytes, 0, size, siblings, root)).toBe(true)
    expect(await inclusionHolds(leaf as Bytes, 2 ** 32, size, siblings, root)).toBe(false)
  })
})

describe('checkpoints', () => {
  it('verify under the pinned key, and the witness saw it when it says', async () => {
    const key = await parseVerifierKey(vectors.key)
    const checkpoint = await verifyCheckpoint(vectors.checkpoint, key)
    expect(checkpoint).toMatchObject<Partial<Checkpoint>>({ origin: vectors.log, size: 8 })
    const witness = { name: vectors.witness.name, raw: fromHex(vectors.witness.public_key) }
    expect((await verifyCosignature(vectors.checkpoint + vectors.witness.line, witness)).getTime()).toBe(vectors.witness.at * 1000)
    expect(await verifyCheckpoint(vectors.checkpoint + vectors.witness.line, key)).toEqual(checkpoint)
  })

  it('are refused under another key or name, altered, or malformed', async () => {
    const key = await parseVerifierKey(vectors.key)
    const other = { ...key, raw: fromHex(vectors.witness.public_key) }
    await expect(verifyCheckpoint(vectors.checkpoint, other)).rejects.toMatchObject({ code: 'not-authentic' })
    await expect(verifyCheckpoint(vectors.checkpoint, { ...key, name: 'yunkai/other' })).rejects.toMatchObject({ code: 'not-authentic' })
    await expect(verifyCheckpoint(vectors.checkpoint.replace('\n8\n', '\n9\n'), key)).rejects.toMatchObject({ code: 'not-authentic' })
    await expect(verifyCheckpoint('yunkai', key)).rejects.toMatchObject({ code: 'malformed' })
    await expect(parseVerifierKey(flip(vectors.key, vectors.key.indexOf('+') + 1))).rejects.toMatchObject({ code: 'malformed' })
    expect(() => parseCheckpoint('yunkai\n08\n' + 'A'.repeat(43) + '=\n')).toThrow()
    expect(parseNote(vectors.checkpoint).signatures).toHaveLength(1)
    expect(hex(await keyId(key))).toBe(vectors.key.split('+')[1])
  })

  it('of one log show that it only grew', async () => {
    const [old, now] = await verifyGrowth(vectors.older_checkpoint, vectors.checkpoint, vectors.consistency, vectors.key)
    expect([old.size, now.size]).toEqual([5, 8])
    const altered = [flip(vectors.consistency[0] ?? ''), ...vectors.consistency.slice(1)]
    await expect(verifyGrowth(vectors.older_checkpoint, vectors.checkpoint, altered, vectors.key)).rejects.toMatchObject({ code: 'broken-chain' })
    await expect(verifyGrowth(vectors.checkpoint, vectors.older_checkpoint, vectors.consistency, vectors.key)).rejects.toThrow()
  })
})

describe('evidence', () => {
  it('of the vectors holds', async () => {
    expect((await verifyEntryDocument(vectors.entry_document, vectors.key)).action).toBe('lot.extended')
    expect((await verifySealedDocument(vectors.sealed_document, vectors.key)).action).toBe('bid.submitted')
    const verified = await verifyExport(vectors.export, vectors.key)
    expect([verified.entries, verified.sealed]).toEqual([6, 2])
  })

  it('falls with any altered part of an entry document', async () => {
    const { entry } = vectors.entry_document
    const altered: Partial<typeof entry>[] = [
      { entry: entry.entry.replace('agency#', 'agenca#') },
      { entry: entry.entry.replace('{"action"', '{ "action"') },
      { leaf: flip(entry.leaf) },
      { proof: [flip(entry.proof[0] ?? ''), ...entry.proof.slice(1)] },
      { proof: entry.proof.slice(1) },
      { payload: { deadline_at: '2026-12-02T01:00:00Z' } },
      { salt: flip(entry.salt ?? '') },
    ]
    for (const change of altered) {
      const document = { ...vectors.entry_document, entry: { ...entry, ...change } }
      await expect(verifyEntryDocument(document, vectors.key)).rejects.toMatchObject({ code: 'broken-chain' })
    }
  })

  it('falls with any altered part of a sealed document', async () => {
    const { act, batch } = vectors.sealed_document
    const bare = { ...batch, payload: { root: '0'.repeat(64) } } as Record<string, unknown>
    delete bare.salt
    const altered: object[] = [
      { act: { ...act, act: act.act.replace('bid.submitted', 'bid.withdrawn') } },
      { act: { ...act, position: act.position ^ 1 } },
      { act: { ...act, siblings: [flip(act.siblings[0] ?? ''), ...act.siblings.slice(1)] } },
      { act: { ...act, siblings: act.siblings.slice(1) } },
      { act: { ...act, payload: { size: 1 } } },
      { act: { ...act, batch: act.batch + 1 } },
      { batch: bare },
    ]
    for (const change of altered) {
      await expect(verifySealedDocument({ ...vectors.sealed_document, ...change }, vectors.key)).rejects.toMatchObject({ code: 'broken-chain' })
    }
  })

  it('of a batch whose root is only claimed is refused, whatever the root', async () => {
    const { act, batch } = vectors.sealed_document
    const invented = JSON.stringify({ ...(JSON.parse(act.act) as object), action: 'bid.invented' })
    let value = await leafHash(utf8(invented))
    for (let level = 0; level < 16; level++) {
      const sibling = fromHex(act.siblings[level] ?? '')
      value = (act.position >> level) & 1 ? await nodeHash(sibling, value) : await nodeHash(value, sibling)
    }
    const claimed = { entry: batch.entry, leaf: batch.leaf, proof: batch.proof, payload: { root: hex(value) } }
    const document = { ...vectors.sealed_document, act: { act: invented, leaf: hex(await leafHash(utf8(invented))), position: act.position, siblings: act.siblings, batch: act.batch }, batch: claimed }
    await expect(verifySealedDocument(document, vectors.key)).rejects.toMatchObject({ code: 'broken-chain' })
  })

  it('falls when a bundle lacks an entry of its stream', async () => {
    const gap = { ...vectors.export, entries: vectors.export.entries.filter((_, i) => i !== 2) }
    await expect(verifyExport(gap, vectors.key)).rejects.toMatchObject({ code: 'broken-chain' })
    await expect(verifyExport({ ...vectors.export, batches: [] }, vectors.key)).rejects.toMatchObject({ code: 'broken-chain' })
  })
})

describe('the live feed', () => {
  const stream = vectors.export.stream ?? ''
  const feed = vectors.feed.filter((message) => message.entry.includes(`"stream":"${stream}"`))

  it('is accepted whole, and once more after a reconnect', async () => {
    const check = new StreamCheck(stream)
    for (const message of feed) expect(await check.accept(message)).toMatchObject({ repeated: false, payloadChecked: message.payload !== null })
    expect(check.count).toBe(feed.length)
    expect(await check.accept(feed[1] as FeedMessage)).toMatchObject({ repeated: true })
    expect(check.head?.seq).toBe(feed.at(-1)?.seq)
    const later = new StreamCheck(stream, { seq: feed[0]?.seq ?? 0, leaf: feed[0]?.leaf ?? '' })
    await later.accept(feed[1] as FeedMessage)
    expect(later.count).toBe(1)
  })

  it('is checked in order even when messages are handed over at once', async () => {
    const check = new StreamCheck(stream)
    await Promise.all(feed.map((message) => check.accept(message)))
    expect(check.count).toBe(feed.length)
  })

  it('is refused with a gap, an altered entry or payload, and of another stream', async () => {
    const [first, second, third] = feed as [FeedMessage, FeedMessage, FeedMessage]
    const check = new StreamCheck(stream)
    await check.accept(first)
    await expect(check.accept(third)).rejects.toMatchObject({ code: 'broken-chain' })
    await expect(check.accept({ ...second, seq: second.seq + 1 })).rejects.toMatchObject({ code: 'broken-chain' })
    await expect(check.accept({ ...second, leaf: flip(second.leaf) })).rejects.toMatchObject({ code: 'broken-chain' })
    await expect(check.accept({ ...second, payload: { a: 1 }, salt: '00' })).rejects.toMatchObject({ code: 'broken-chain' })
    const told = second.entry.replace('"v":1}', '"v":1 }')
    await expect(check.accept({ ...second, entry: told })).rejects.toMatchObject({ code: 'broken-chain' })
    await expect(new StreamCheck('lot:other').accept(first)).rejects.toMatchObject({ code: 'broken-chain' })
    await check.accept(second)
    expect(check.count).toBe(2)
  })
})
