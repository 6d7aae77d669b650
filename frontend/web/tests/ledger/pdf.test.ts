import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { judgeFile } from '@/ledger/evidence'
import type { Finding } from '@/ledger/findings'
import { pdfSignatures } from '@/ledger/pdf'
import { certificatesIn, wordsIn } from '@/ledger/pdfEvidence'
import { parseCertificate } from '@/sealing/certificate'

const vector = (name: string) => new Uint8Array(readFileSync(join(import.meta.dirname, '../../../../tests/vectors', name)))
const file = vector('sm-signed.pdf')
const lasting = vector('sm-lasting.pdf')
const told = JSON.parse(new TextDecoder().decode(vector('sm-lasting.json'))) as { signer: string; signed_at: string[]; authority: string; roots: string[] }
const roots = await Promise.all(told.roots.map((pem) => parseCertificate(pem)))
const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes)
const wholeSeconds = (at: Date | null | undefined) => at?.toISOString().replace(/\.\d+Z$/, 'Z')

/** The file with one bit of the byte at `at` flipped. */
function flipped(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const changed = bytes.slice()
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

describe('a PDF signed by SM2 and by EC', () => {
  it('shows both signatures as intact, with the time that the signers claim', async () => {
    const [first, second] = await pdfSignatures(file, [])
    expect([first?.kind, first?.isIntact, first?.isPlatform]).toEqual(['signature', true, false])
    expect([second?.signer, second?.isIntact, second?.covers]).toEqual(['演示单位', true, file.length])
    expect(first?.signer).not.toBe('')
    expect(first?.covers).toBeLessThan(file.length)
    expect([first, second].map((each) => each?.claimedAt?.toISOString())).toEqual(['2026-11-26T15:58:56.000Z', '2026-11-26T15:58:56.000Z'])
    expect([first, second].map((each) => [each?.stampedAt, each?.revocation])).toEqual([[null, 'silent'], [null, 'silent']])
  })

  it('shows a changed page as changed, in each', async () => {
    const changed = flipped(file, text(file).indexOf('/MediaBox') + 11)
    expect((await pdfSignatures(changed, [])).map((each) => each.isIntact)).toEqual([false, false])
  })
})

describe('a PDF signed by SM2 with what its CA says, sealed by the platform', () => {
  const judge = (bytes: Uint8Array<ArrayBuffer>) => judgeFile(bytes, { key: '', trust: { roots }, expected: null })
  const points = (findings: readonly Finding[]) => findings.filter((each) => each.subject === told.signer).map((each) => [each.point, each.verdict])

  it('says by whom and when, proven by the time stamp, and what the SM2 CA answered', async () => {
    const [person, platform, stamp] = await pdfSignatures(lasting, roots)
    expect([person?.signer, person?.isIntact, person?.isPlatform, person?.revocation]).toEqual([told.signer, true, false, 'good'])
    expect([person, platform].map((each) => wholeSeconds(each?.stampedAt))).toEqual(told.signed_at)
    expect([person?.authority, platform?.isPlatform, platform?.revocation, stamp?.kind]).toEqual([told.authority, true, 'good', 'timestamp'])
    const { findings } = await judge(lasting)
    expect(points(findings)).toEqual([['pdf-signature', 'holds'], ['pdf-time', 'holds'], ['pdf-revocation', 'holds']])
    expect(findings.find((each) => each.point === 'pdf-time')?.detail).toMatch(new RegExp(`^20\\S+Z ${told.authority}$`))
  })

  it('names the signature whose bytes, or whose own value, were changed', async () => {
    const body = flipped(lasting, text(lasting).indexOf('/MediaBox') + 11)
    expect((await pdfSignatures(body, roots)).map((each) => each.isIntact)).toEqual([false, false, false])
    expect(points((await judge(body)).findings)).toEqual([['pdf-signature', 'fails']])
    // The value of the SM2 signature itself: an OCTET STRING behind its algorithm's identifier, in hexadecimal.
    const value = text(lasting).toLowerCase().indexOf('06082a811ccf55018375', text(lasting).toLowerCase().indexOf('/contents')) + 60
    const [first] = await pdfSignatures(flipped(lasting, value), roots)
    expect(first?.isIntact).toBe(false)
  })

  it('is sound and not trusted under somebody else’s roots, and changed is still changed', async () => {
    const foreign = (bytes: Uint8Array<ArrayBuffer>) => judgeFile(bytes, { key: '', trust: { roots: [] }, expected: null })
    const reasons = (findings: readonly Finding[]) => new Set(findings.filter((each) => each.verdict === 'fails').map((each) => each.reason))
    expect(reasons((await foreign(lasting)).findings)).toEqual(new Set(['not-trusted']))
    expect(reasons((await foreign(flipped(lasting, text(lasting).indexOf('/MediaBox') + 11))).findings)).toContain('not-authentic')
  })

  it('takes no word on revocation that the SM2 CA did not sign', async () => {
    const { answeredBy } = await import('@/ledger/smChain')
    const pkijs = await import('pkijs')
    const words = await wordsIn(lasting, text(lasting))
    const answers = words.flatMap((word) => {
      try {
        return [pkijs.BasicOCSPResponse.fromBER(pkijs.OCSPResponse.fromBER(word).responseBytes?.response.valueBlock.valueHexView.slice() ?? new Uint8Array())]
      } catch {
        return []
      }
    })
    const issuers = certificatesIn(words)
    const named = (name: string) => issuers.find((each) => each.subject.typesAndValues.some((item) => String(item.value.valueBlock.value).endsWith(name)))
    const [answer] = answers.filter((each) => each.signatureAlgorithm.algorithmId === '1.2.156.10197.1.501')
    const [issuing, root] = [named('issuing'), named('root')]
    if (!answer || !issuing || !root) throw new Error('the vector lacks what it is made of')
    expect(await answeredBy(answer, issuing)).toBe(true)
    expect(await answeredBy(answer, root)).toBe(false)
    const view = answer.signature.valueBlock.valueHexView
    view[view.length - 1] = (view.at(-1) ?? 0) ^ 1
    expect(await answeredBy(answer, issuing)).toBe(false)
  })
})
