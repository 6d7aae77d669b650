import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { judgeFile } from '@/ledger/evidence'
import type { Finding } from '@/ledger/findings'
import { pdfSignatures, provenAt } from '@/ledger/pdf'
import { parseCertificate } from '@/sealing/certificate'

const vector = (name: string) => new Uint8Array(readFileSync(join(import.meta.dirname, '../../../../tests/vectors', name)))
const file = vector('sm-signed.pdf')
const lasting = vector('sm-lasting.pdf')
const told = JSON.parse(new TextDecoder().decode(vector('sm-lasting.json'))) as { signer: string; signed_at: string[]; authority: string; roots: string[]; ca: string }
const roots = await Promise.all(told.roots.map((pem) => parseCertificate(pem)))
const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes)
const now = new Date('2026-11-27T00:00:00Z')
const anchors = { roots, now }
const nobody = { roots: [], now }
const wholeSeconds = (at: Date | null | undefined) => at?.toISOString().replace(/\.\d+Z$/, 'Z')

/** The file with one bit of the byte at `at` flipped. */
function flipped(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const changed = bytes.slice()
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

describe('a PDF signed by SM2 and by EC', () => {
  it('shows both signatures as intact, with the time that the signers claim', async () => {
    const [first, second] = await pdfSignatures(file, nobody)
    expect([first?.kind, first?.isIntact]).toEqual(['signature', true])
    expect([second?.signer, second?.isIntact, second?.covers]).toEqual(['演示单位', true, file.length])
    expect(first?.signer).not.toBe('')
    expect(first?.covers).toBeLessThan(file.length)
    expect([first, second].map((each) => each?.claimedAt?.toISOString())).toEqual(['2026-11-26T15:58:56.000Z', '2026-11-26T15:58:56.000Z'])
    expect([first, second].map((each) => [each?.stamp, each?.standing?.reason])).toEqual([[null, 'no-chain'], [null, 'no-chain']])
  })

  it('shows a changed page as changed, in each', async () => {
    const changed = flipped(file, text(file).indexOf('/MediaBox') + 11)
    expect((await pdfSignatures(changed, nobody)).map((each) => each.isIntact)).toEqual([false, false])
  })
})

describe('a PDF signed by SM2 with what its CA says, sealed by the platform', () => {
  const judge = (bytes: Uint8Array<ArrayBuffer>) => judgeFile(bytes, { key: '', trust: { roots }, expected: null })
  const points = (findings: readonly Finding[]) => findings.filter((each) => each.subject === told.signer).map((each) => [each.point, each.verdict])

  it('says by whom and when, proven by the time stamp, and what the SM2 CA answered', async () => {
    const [person, platform, stamp] = await pdfSignatures(lasting, anchors)
    expect([person?.signer, person?.isIntact, person?.standing?.reason, person?.standing?.word]).toEqual([told.signer, true, '', 'ocsp'])
    expect([person, platform].map((each) => wholeSeconds(provenAt(each?.stamp ?? null)))).toEqual(told.signed_at)
    expect([person, platform].map((each) => each?.standing?.isKnown)).toEqual([false, true])
    expect([platform?.standing?.reason, platform?.standing?.word, stamp?.kind, stamp?.signer]).toEqual(['', 'crl', 'timestamp', told.authority])
    const { findings } = await judge(lasting)
    expect(points(findings)).toEqual([
      ['pdf-signature', 'holds'], ['pdf-time', 'holds'], ['pdf-certificate', 'holds'], ['pdf-revocation', 'holds'], ['pdf-authority', 'open'],
    ])
    expect(findings.find((each) => each.point === 'pdf-time')?.detail).toMatch(new RegExp(`^20\\S+Z ${told.authority}$`))
  })

  it('names the signature whose bytes, or whose own value, were changed', async () => {
    const body = flipped(lasting, text(lasting).indexOf('/MediaBox') + 11)
    expect((await pdfSignatures(body, anchors)).map((each) => each.isIntact)).toEqual([false, false, false])
    expect(points((await judge(body)).findings)).toEqual([['pdf-signature', 'fails']])
    // The value of the SM2 signature itself: an OCTET STRING behind its algorithm's identifier, in hexadecimal.
    const value = text(lasting).toLowerCase().indexOf('06082a811ccf55018375', text(lasting).toLowerCase().indexOf('/contents')) + 60
    const [first] = await pdfSignatures(flipped(lasting, value), anchors)
    expect(first?.isIntact).toBe(false)
  })

  it('is sound and not trusted under somebody else’s roots, and changed is still changed', async () => {
    const foreign = (bytes: Uint8Array<ArrayBuffer>) => judgeFile(bytes, { key: '', trust: { roots: [] }, expected: null })
    const reasons = (findings: readonly Finding[]) => new Set(findings.filter((each) => each.verdict === 'fails').map((each) => each.reason))
    expect(reasons((await foreign(lasting)).findings)).toEqual(new Set(['not-trusted']))
    expect(reasons((await foreign(flipped(lasting, text(lasting).indexOf('/MediaBox') + 11))).findings)).toContain('not-authentic')
  })

  it('knows the CA where its root is among those of the reader', async () => {
    const { findings } = await judgeFile(lasting, { key: '', trust: { roots }, authorities: [await parseCertificate(told.ca)], expected: null })
    expect(new Set(findings.map((each) => each.verdict))).toEqual(new Set(['holds']))
  })
})
