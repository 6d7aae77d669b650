/** An opening record on its own: its text, its lines, and its place in the ledger. */
import { sha256Hex, utf8 } from '@/sealing/bytes'
import { canonicalBytes, isObject, type JsonObject, parseCanonicalObject } from '@/sealing/canonical'
import { insist } from '@/sealing/faults'
import { type EntryDocument, verifyEntryDocument } from './documents'
import type { Findings } from './findings'

/** What GET /api/lots/{id}/opening-record gives. */
export interface RecordDocument {
  /** JCS text. */
  readonly record_text: string
  readonly sha256: string
  readonly proof: EntryDocument | null
  readonly pdf_sha256: string | null
}

export interface OpeningRecord {
  readonly lot: { readonly id: string; readonly code: string; readonly title: string }
  readonly times: { readonly concluded_at: string }
  readonly rows: readonly JsonObject[]
}

/** Adds what holds; gives the record when its text is the one digested. */
export async function checkRecordDocument(document: RecordDocument, key: string, findings: Findings): Promise<OpeningRecord | null> {
  const record = await findings.check('record-text', '', () => readRecord(document), () => document.sha256)
  if (record === null) return null
  await findings.check('record-rows', '', () => checkRows(record.rows), () => String(record.rows.length))
  await findings.check('record-ledger', '', () => checkProof(document, record, key), (entry) => entry.ts)
  return record
}

async function readRecord(document: RecordDocument): Promise<OpeningRecord> {
  const record = parseCanonicalObject(document.record_text)
  insist(record.v === 1 && record.kind === 'opening-record', 'malformed', 'not an opening record')
  insist((await sha256Hex(utf8(document.record_text))) === document.sha256, 'not-authentic', 'the record differs from its digest')
  return record as unknown as OpeningRecord
}

/** Each line as it was announced: the record adds when it was decrypted and who confirmed it. */
async function checkRows(rows: readonly JsonObject[]): Promise<void> {
  for (const row of rows) insist((await sha256Hex(canonicalBytes(announcedLine(row)))) === row.row_sha256, 'not-authentic', 'a line differs from its digest')
}

function announcedLine({ row_sha256: _digest, decrypted_at: _at, confirmation: _by, ...line }: JsonObject): JsonObject {
  return line
}

async function checkProof(document: RecordDocument, record: OpeningRecord, key: string) {
  const { proof } = document
  insist(proof !== null, 'broken-chain', 'the record has no ledger proof')
  const entry = await verifyEntryDocument(proof, key)
  const { payload, salt } = proof.entry
  insist(typeof salt === 'string' && isObject(payload) && payload.record_sha256 === document.sha256, 'not-authentic', 'the ledger records another record')
  insist(entry.action === 'opening.concluded' && entry.stream === `lot:${record.lot.id}`, 'not-authentic', 'the proof is of something else')
  return entry
}
