import { describe, expect, it } from 'vitest'
import { judgeFile } from '@/ledger/evidence'
import { addressOf, comparePrinted, cosignersOf, printedOf } from '@/ledger/witnesses'
import { utf8 } from '@/sealing/bytes'
import { parseVerifierKey, parseWitnessKey } from '@/ledger/checkpoint'

// Made by the witness program's own Ed25519 (tests/witness_world.py, seed 32…63), so the two implementations meet here.
const LOG = 'yunkai/E3207000001+6ac409a6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4'
const WITNESS = 'witness.example/1+de870262+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X'
const NOTE = 'yunkai/E3207000001\n7\nmMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc=\n\n— yunkai/E3207000001 asQJpjiG/+4PVO+pHCpJCeFPh372vf8PUoHsy712fDHua0BXB+R/+5qD8arKSPjHJnXUfqG55OlZkvJQn2VZyhLuLwQ=\n'
const LINE = '— witness.example/1 3ocCYgAAAABrDFoQnl+WhZAl8N9dr4COM4VmuCP5WEqp4hHWyg/10UOrJ52nzzhztcqfcouQLt16+KFrhoC3ODLlazG01tcKRJqaBw==\n'
const ROOT = '98c97f0ba3175cd08b031dd084b9dc4e649b64d1a28e6ea694646503173ab587'

describe('witnesses', () => {
  it('tells whose cosignatures a checkpoint carries, and when they came', async () => {
    expect(await cosignersOf(NOTE + LINE, [WITNESS])).toEqual([{ name: 'witness.example/1', at: new Date(1_795_971_600_000) }])
    expect(await cosignersOf(NOTE, [WITNESS])).toEqual([])
    expect(await cosignersOf(NOTE + LINE, [])).toEqual([])
  })

  it('refuses a signature under a known name that is another key’s or over another checkpoint', async () => {
    await expect(cosignersOf(NOTE + LINE.replace('nl+W', 'nl+X'), [WITNESS])).rejects.toThrow('verify')
    await expect(cosignersOf(NOTE.replace('\n7\n', '\n8\n') + LINE, [WITNESS])).rejects.toThrow('verify')
  })

  it('never takes the key of a log for that of a witness', async () => {
    await expect(parseWitnessKey(LOG)).rejects.toThrow()
    await expect(parseVerifierKey(WITNESS)).rejects.toThrow()
  })

  it('reads a printed checkpoint out of its code and holds it against the log', async () => {
    const printed = { size: 7, root: ROOT }
    expect(printedOf(new URL(addressOf('https://example.cn', printed)).hash)).toEqual(printed)
    expect(printedOf(`#receipt=HZ-1&sha256=${ROOT}&size=7&root=${ROOT}`)).toEqual(printed)
    for (const bad of ['', '#size=7', `#size=0&root=${ROOT}`, `#size=7&root=${ROOT}0`, '#size=x&root=y']) expect(printedOf(bad)).toBeNull()
    expect((await comparePrinted(printed, NOTE, LOG)).size).toBe(7)
    await expect(comparePrinted({ size: 7, root: ROOT.replace('98', '99') }, NOTE, LOG)).rejects.toThrow('another root')
    await expect(comparePrinted({ size: 8, root: ROOT }, NOTE, LOG)).rejects.toThrow('another root')
  })

  it('says of a dropped checkpoint who witnessed it', async () => {
    const anchor = { key: LOG, trust: { roots: [], fingerprints: new Set<string>() } as never, expected: null }
    const cosigned = JSON.stringify({ v: 1, kind: 'checkpoint', key: LOG, note: NOTE + LINE, stamp: null })
    const seen = await judgeFile(utf8(cosigned), { ...anchor, witnesses: [WITNESS] })
    expect(seen.findings.map((each) => [each.point, each.verdict])).toEqual([['checkpoint', 'holds'], ['witnesses', 'holds']])
    expect(seen.facts).toContainEqual(['witnesses', 'witness.example/1'])
    const alone = await judgeFile(utf8(NOTE), { ...anchor, witnesses: [WITNESS] })
    expect(alone.findings.map((each) => each.verdict)).toEqual(['holds'])
    expect(alone.facts).toContainEqual(['witnesses', ''])
    const forged = await judgeFile(utf8(NOTE + LINE.replace('nl+W', 'nl+X')), { ...anchor, witnesses: [WITNESS] })
    expect(forged.findings.map((each) => each.verdict)).toEqual(['holds', 'fails'])
  })
})
