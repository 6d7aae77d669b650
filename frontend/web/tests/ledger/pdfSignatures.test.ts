/** The browser's judgement of signed PDFs is the command line's, case by case. */
import { describe, expect, it } from 'vitest'
import { judgeFile } from '@/ledger/evidence'
import { type PdfSignature, pdfSignatures, provenAt } from '@/ledger/pdf'
import { momentOf } from '@/ledger/validity'
import { type Bytes, fromBase64 } from '@/sealing/bytes'
import { parseCertificate } from '@/sealing/certificate'
import { vector } from '../vectors'

interface Told { signer: string; intact: boolean; certificate?: string; signed_at?: string | null }
interface Case { name: string; at: string; pdf: string; finding: { signatures: Told[]; stamps: boolean[]; whole: boolean } }

const { roots: pems, cases } = vector<{ roots: string[]; cases: Case[] }>('pdf-signatures.json')
const roots = await Promise.all(pems.map((pem) => parseCertificate(pem)))

async function inflated(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'))).arrayBuffer())
}

/** In the command line's words, which has one for every CA that the reader does not know. */
function told({ signer, isIntact, stamp, standing }: PdfSignature): Told {
  if (!isIntact || standing === null) return { signer, intact: isIntact }
  const certificate = standing.reason === 'no-chain' || (standing.reason === '' && !standing.isKnown) ? 'untrusted' : standing.reason
  return { signer, intact: isIntact, certificate, signed_at: provenAt(stamp)?.toISOString().replace(/\.\d+Z$/, 'Z') ?? null }
}

describe('signed PDFs judged', () => {
  it.each(cases)('$name', async ({ pdf, at, finding }) => {
    const bytes = await inflated(fromBase64(pdf))
    const found = await pdfSignatures(bytes, { roots, now: new Date(momentOf(at)) })
    const signatures = found.filter((each) => each.kind === 'signature').map(told)
    const stamps = found.filter((each) => each.kind === 'timestamp').map((each) => provenAt(each.stamp) !== null)
    expect({ signatures, stamps, whole: found.at(-1)?.covers === bytes.length }).toEqual(finding)
  })
})

/** What the page says of a case: point, verdict and reason, of all that does not hold. */
async function amiss(name: string): Promise<string[]> {
  const found = cases.find((each) => each.name === name)
  if (!found) throw new Error(`no case ${name}`)
  const { findings } = await judgeFile(await inflated(fromBase64(found.pdf)), { key: '', trust: { roots }, now: new Date(momentOf(found.at)), expected: null })
  return findings.filter((each) => each.verdict !== 'holds' && each.point !== 'pdf-whole').map((each) => [each.point, each.verdict, each.reason, each.reason === 'not-valid' ? each.detail : ''].join(' ').trim())
}

describe('what the page says of them', () => {
  it.each([
    ['sm2: sealed by the platform', []],
    ['rsa: revoked after it signed', []],
    ['rsa: changed after signing', ['pdf-signature fails not-authentic']],
    ['sm2: revoked before it signed', ['pdf-revocation fails not-valid revoked']],
    ['ec-p256: expired when signed', ['pdf-certificate fails not-valid expired']],
    ['ec-p256: another use', ['pdf-certificate fails not-valid usage']],
    ['ec-p256: nothing of the CA in the file', ['pdf-time open stamp-revocation-unknown', 'pdf-certificate open no-chain']],
    ['words: a CA that is not trusted', ['pdf-authority open foreign-root']],
    ['words: none on the issuing certificate', ['pdf-revocation open silent']],
    ['authority: no time-stamping authority', ['pdf-time open stamp-usage']],
    ['authority: revoked', ['pdf-time open stamp-revoked']],
    ['no time stamp: ended since', ['pdf-time open unstamped', 'pdf-certificate open expired-unstamped']],
  ])('%s', async (name, expected) => {
    expect(await amiss(name)).toEqual(expected)
  })
})
