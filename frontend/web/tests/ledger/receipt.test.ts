import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { base64, concat, fromHex, hex, sha256, sha256Hex, utf8 } from '@/sealing/bytes'
import { canonicalText, type JsonObject } from '@/sealing/canonical'
import { keyId, type VerifierKey } from '@/ledger/checkpoint'
import { leafOf, payloadDigest, ZERO_HASH } from '@/ledger/entry'
import { nodeHash } from '@/ledger/merkle'
import { ledgerOf, type ReceiptDocument, stampsOf, verifyReceipt } from '@/ledger/receipt'
import { type PlatformTrust, platformTrust } from '@/sealing/notice'
import { Pki } from '../pki'

const pki = new Pki()
const NAME = 'yunkai/test'
/** After the certificates were issued. */
let decided = ''
let trust: PlatformTrust
let key = ''
let document: ReceiptDocument

function signature(kind: string, text: string, signer = 'platform') {
  const value = sign('sha256', Buffer.from(`ebid/1 ${kind}\0${text}`), createPrivateKey(Buffer.from(pki.bytes(`${signer}.key`))))
  return { value: value.toString('base64'), chain: [pki.pem(signer), pki.pem('root')] }
}

function bodyOf(manifest: Uint8Array<ArrayBuffer>, manifestDigest: string): JsonObject {
  const token = base64(pki.stamp('tsa', manifest))
  const envelopes = [{ kind: 'whole', size: 5, sealed_size: 37, header_sha256: ZERO_HASH, manifest_sha256: manifestDigest, manifest_sm3: ZERO_HASH, parts_root: ZERO_HASH, timestamp_token: token }]
  return { v: 1, kind: 'receipt', number: 'HZ-1', bid: 'b1', version: 1, decided_at: decided, clock_offset_ms: 3, envelopes }
}

/** A ledger of one batch entry that holds one act, with its signed checkpoint. */
async function proofOf(receiptDigest: string, ledgerKey: KeyObject, pinned: VerifierKey, named: string) {
  const salt = 'ab'.repeat(16)
  const payload = { receipt_sha256: receiptDigest }
  const act = canonicalText({ v: 1, at: decided, actor: 'bidder#0', action: 'bid.submitted', stream: 'lot:1', subject: 'bid:b1', payload_sha256: await payloadDigest(payload, salt), salt: '00' })
  const siblings: string[] = []
  let root = fromHex(await leafOf(act))
  for (let level = 0; level < 16; level++) {
    const sibling = await sha256(utf8(String(level)))
    siblings.push(hex(sibling))
    root = await nodeHash(root, sibling)
  }
  const batchPayload = { root: hex(root) }
  const entry = canonicalText({ v: 1, log: NAME, seq: 0, ts: decided, actor: 'platform#0', action: 'sealed.batch', stream: 'platform', subject: 'batch', payload_sha256: await payloadDigest(batchPayload, salt), prev: ZERO_HASH, stream_prev: ZERO_HASH })
  const leaf = await leafOf(entry)
  const text = `${NAME}\n1\n${base64(fromHex(leaf))}\n`
  const line = base64(concat(await keyId(pinned), new Uint8Array(sign(null, Buffer.from(text), ledgerKey))))
  return {
    v: 1, log: NAME, key: named, checkpoint: `${text}\n— ${NAME} ${line}\n`,
    act: { act, leaf: await leafOf(act), position: 0, siblings, batch: 0, payload, salt },
    batch: { entry, leaf, proof: [], payload: batchPayload, salt },
  }
}

beforeAll(async () => {
  pki.issue('platform', 'ec', '/CN=platform')
  pki.issue('tsa', 'ec', '/CN=Test TSA', 'tsa')
  decided = new Date().toISOString().replace('Z', '000Z')
  trust = await platformTrust([pki.pem('root')])
  const pair = generateKeyPairSync('ed25519')
  const raw = new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  key = `${NAME}+${hex(await keyId({ name: NAME, raw }))}+${base64(concat(new Uint8Array([1]), raw))}`
  const manifest = utf8('{"manifest":1}')
  const body = canonicalText(bodyOf(manifest, await sha256Hex(manifest)))
  document = { number: 'HZ-1', kind: 'receipt', body, signature: signature('receipt', body), proof: await proofOf(await sha256Hex(utf8(body)), pair.privateKey, { name: NAME, raw }, key) }
})

describe('a receipt', () => {
  it('is proven alone: signature, chain, time stamp, ledger', async () => {
    const verified = await verifyReceipt(document, key, trust)
    expect(verified.ledger).toBe('proven')
    expect(verified.signer.subject.CN).toBe('platform')
    expect(verified.stampedAt.whole).toBeInstanceOf(Date)
    expect(verified.digest).toBe(await sha256Hex(utf8(document.body)))
    expect((await verifyReceipt({ ...document, proof: null }, key, trust)).ledger).toBe('pending')
  })

  it('is refused with any byte of its body changed, another number, or as another kind', async () => {
    const changed = document.body.replace('"clock_offset_ms":3', '"clock_offset_ms":4')
    await expect(verifyReceipt({ ...document, body: changed }, key, trust)).rejects.toMatchObject({ code: 'not-authentic' })
    await expect(verifyReceipt({ ...document, number: 'HZ-2' }, key, trust)).rejects.toMatchObject({ code: 'malformed' })
    const other = document.body.replace('"kind":"receipt"', '"kind":"withdrawal"')
    await expect(verifyReceipt({ ...document, body: other, signature: signature('receipt', other) }, key, trust)).rejects.toMatchObject({ code: 'malformed' })
    await expect(verifyReceipt({ ...document, kind: 'withdrawal', body: other, signature: signature('receipt', other) }, key, trust)).rejects.toMatchObject({ code: 'not-authentic' })
    await expect(verifyReceipt({ ...document, note: 'more' } as never, key, trust)).rejects.toMatchObject({ code: 'malformed' })
    await expect(verifyReceipt({ ...document, body: ` ${document.body}` }, key, trust)).rejects.toMatchObject({ code: 'not-canonical' })
  })

  it('is refused when its time stamp is over another manifest', async () => {
    const body = canonicalText(bodyOf(utf8('another'), await sha256Hex(utf8('{"manifest":1}'))))
    await expect(verifyReceipt({ ...document, body, signature: signature('receipt', body) }, key, trust)).rejects.toMatchObject({ code: 'not-authentic' })
  })

  it('is refused when the ledger holds another receipt, or only claims to hold this one', async () => {
    const proof = document.proof as NonNullable<typeof document.proof>
    const body = document.body.replace('"clock_offset_ms":3', '"clock_offset_ms":4')
    const resigned = { ...document, body, signature: signature('receipt', body) }
    await expect(verifyReceipt(resigned, key, trust)).rejects.toMatchObject({ code: 'not-authentic' })
    const act = { ...proof.act, payload: { receipt_sha256: await sha256Hex(utf8(body)) } } as Record<string, unknown>
    delete act.salt
    await expect(verifyReceipt({ ...resigned, proof: { ...proof, act: act as never } }, key, trust)).rejects.toMatchObject({ code: 'broken-chain' })
  })

  it('is refused under another root or another ledger key, each by its own name', async () => {
    const other = await platformTrust([pki.pem('tsa')])
    await expect(verifyReceipt(document, key, other)).rejects.toMatchObject({ code: 'not-trusted' })
    await expect(stampsOf(JSON.parse(document.body), other)).rejects.toMatchObject({ code: 'not-trusted' })
    expect(await ledgerOf(document, key)).toBe('proven')
    const raw = new Uint8Array(32).fill(9)
    const stranger = `${NAME}+${hex(await keyId({ name: NAME, raw }))}+${base64(concat(new Uint8Array([1]), raw))}`
    await expect(verifyReceipt(document, stranger, trust)).rejects.toMatchObject({ code: 'not-authentic' })
  })
})
