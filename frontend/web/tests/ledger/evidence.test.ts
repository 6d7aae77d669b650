import { describe, expect, it } from 'vitest'
import { type Anchor, expectedOf, judgeFile, kindOf } from '@/ledger/evidence'
import { Findings, outcome, Undecided } from '@/ledger/findings'
import { utf8 } from '@/sealing/bytes'
import { Fault } from '@/sealing/faults'
import { vector } from '../vectors'

interface Vectors { key: string; entry_document: Record<string, unknown>; sealed_document: Record<string, unknown>; export: Record<string, unknown>; checkpoints?: string[] }
const vectors = vector<Vectors>('ledger.json')
const key = String((vectors.entry_document as { key: string }).key)
const anchor: Anchor = { key, trust: { roots: [] }, expected: null }
const file = (value: unknown) => utf8(typeof value === 'string' ? value : JSON.stringify(value))

describe('a dropped file', () => {
  it('is known for what it is, however it is named', () => {
    expect(kindOf(vectors.entry_document as never)).toBe('entry')
    expect(kindOf(vectors.sealed_document as never)).toBe('sealed')
    expect(kindOf(vectors.export as never)).toBe('export')
    expect(kindOf({ kind: 'receipt', body: '{}' })).toBe('receipt')
    expect(kindOf({ kind: 'lot-bundle' })).toBe('bundle')
    expect(kindOf({ record_text: '{}' })).toBe('record')
    expect(kindOf('yunkai/x\n1\nAAAA\n')).toBe('checkpoint')
    expect(kindOf({ hello: 'world' })).toBe('unknown')
  })

  it('holds when the ledger proves it, and fails with one digit changed', async () => {
    for (const document of [vectors.entry_document, vectors.sealed_document, vectors.export]) {
      expect(outcome((await judgeFile(file(document), anchor)).findings)).toBe(true)
    }
    const text = JSON.stringify(vectors.entry_document)
    const leaf = (vectors.entry_document as { entry: { leaf: string } }).entry.leaf
    const changed = text.replace(leaf, `${leaf.slice(0, -1)}${leaf.endsWith('0') ? '1' : '0'}`)
    expect(outcome((await judgeFile(file(changed), anchor)).findings)).toBe(false)
  })

  it('is held against the key of the reader, not the one it names', async () => {
    const stranger = 'yunkai/E9+00000000+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4'
    expect(outcome((await judgeFile(file(vectors.entry_document), { ...anchor, key: stranger })).findings)).toBe(false)
  })

  it('is told as a checkpoint when it is a note', async () => {
    const note = String((vectors.entry_document as { checkpoint: string }).checkpoint)
    const found = await judgeFile(file(note), anchor)
    expect(found.kind).toBe('checkpoint')
    expect(outcome(found.findings)).toBe(true)
    expect(outcome((await judgeFile(file(note.replace(/\n(\d+)\n/, '\n9999\n')), anchor)).findings)).toBe(false)
  })

  it('that only looks like evidence fails as a whole, and what nobody knows is not judged', async () => {
    const broken = await judgeFile(file({ kind: 'receipt', body: 'no json' }), anchor)
    expect(broken.findings).toMatchObject([{ point: 'shape', verdict: 'fails' }])
    const unknown = await judgeFile(new Uint8Array([1, 2, 3]), anchor)
    expect(unknown).toMatchObject({ kind: 'unknown', findings: [] })
  })

  it('without a signature is neither for nor against when it is a PDF', async () => {
    const found = await judgeFile(utf8('%PDF-1.7\nno signature\n%%EOF\n'), anchor)
    expect(found).toMatchObject({ kind: 'pdf', findings: [{ point: 'pdf-signed', verdict: 'open', reason: 'unsigned' }] })
    expect(outcome(found.findings)).toBeNull()
  })

  it('whose signature field holds no signature fails', async () => {
    const found = await judgeFile(utf8('%PDF-1.7\n/ByteRange [0 10 20 30]\n<00000000>  %%EOF and some more bytes\n'), anchor)
    expect(outcome(found.findings)).toBe(false)
  })
})

describe('findings', () => {
  it('go on after one that fails, and tell a doubt from a refusal', async () => {
    const findings = new Findings()
    await findings.check('a', '', () => { throw new Fault('not-authentic', 'no') })
    await findings.check('b', '', () => { throw new Undecided('pending') })
    await findings.check('c', '', () => { throw new Fault('not-verifiable', 'old browser') })
    await findings.check('d', '', () => { throw new TypeError('other shape') })
    expect(await findings.check('e', '', () => 5, String)).toBe(5)
    expect(findings.list.map((item) => [item.verdict, item.reason])).toEqual([['fails', 'not-authentic'], ['open', 'pending'], ['open', 'not-verifiable'], ['fails', 'malformed'], ['holds', '']])
  })

  it('count as holding only when all do', () => {
    const finding = (verdict: 'holds' | 'fails' | 'open') => ({ point: '', subject: '', verdict, reason: '', detail: '' })
    expect(outcome([])).toBe(false)
    expect(outcome([finding('holds')])).toBe(true)
    expect(outcome([finding('holds'), finding('open')])).toBeNull()
    expect(outcome([finding('holds'), finding('open'), finding('fails')])).toBe(false)
  })
})

describe('the address in a QR code', () => {
  it('gives number and digest, or nothing', () => {
    const sha256 = 'ab'.repeat(32)
    expect(expectedOf(`#receipt=HZ-1&sha256=${sha256}`)).toEqual({ receipt: 'HZ-1', sha256 })
    expect(expectedOf('#receipt=HZ-1&sha256=short')).toBeNull()
    expect(expectedOf('')).toBeNull()
  })
})
