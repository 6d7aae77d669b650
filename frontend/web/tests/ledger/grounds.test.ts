/** What the browser says where the grounds of a certificate's validity are not those that the ledger names. */
import { describe, expect, it } from 'vitest'
import type { EntryDocument, Export } from '@/ledger/documents'
import { checkGrounds, type HeldValid, type KeptGrounds } from '@/ledger/grounds'
import { base64, sha256Hex, utf8 } from '@/sealing/bytes'
import { canonicalBytes, type Json, type JsonObject } from '@/sealing/canonical'

const HASH = '0'.repeat(64)
const DER = utf8('a certificate')

/** A ledger whose frozen set names one bid's grounds, and the grounds; the evidence is one certificate. */
async function world(change: (kept: KeptGrounds) => KeptGrounds = (kept) => kept): Promise<() => Promise<HeldValid>> {
  const name = await sha256Hex(DER)
  const body: JsonObject = { v: 1, certificate: name, purpose: 'sign', edition: 1, authority: 'CA', chain: [name], crls: [], ocsps: [], flags: [] }
  const head = { action: 'lot.bids_frozen', actor: 'clock', log: 'l', payload_sha256: HASH, prev: HASH, seq: 0, stream: 'lot:1', stream_prev: HASH, subject: 'lot:1', ts: '2026-03-23T01:00:00.000000Z', v: 1 }
  const payload = { bids: [{ bid: 'one', validation: await sha256Hex(canonicalBytes(body)) }] } as Json
  const ledger = { entries: [{ entry: JSON.stringify(head), payload } as unknown as EntryDocument], sealed: [] } as unknown as Export
  const kept = change({ validations: [body], evidence: { [name]: base64(DER) }, editions: [] })
  return () => checkGrounds(ledger, kept, 'l+00000000+AA==')
}

describe('the grounds on which certificates were held valid', () => {
  it('are the very ones that the ledger names, all of them', async () => {
    const none = await world((kept) => ({ ...kept, validations: [] }))
    await expect(none()).rejects.toThrow('the ledger names other grounds')
    const other = await world((kept) => ({ ...kept, validations: kept.validations.map((body) => ({ ...body, flags: ['cached-crl'] })) }))
    await expect(other()).rejects.toThrow('the ledger names other grounds')
  })

  it('come with their evidence, unchanged', async () => {
    const missing = await world((kept) => ({ ...kept, evidence: {} }))
    await expect(missing()).rejects.toThrow('evidence is missing')
    const changed = await world((kept) => ({ ...kept, evidence: Object.fromEntries(Object.keys(kept.evidence).map((name) => [name, base64(utf8('another'))])) }))
    await expect(changed()).rejects.toThrow('evidence differs from its digest')
  })
})
