/** The JSON evidence the ledger hands out, checked alone and offline against a pinned key. */
import { hex, utf8 } from '@/sealing/bytes'
import { isObject, type Json } from '@/sealing/canonical'
import { insist } from '@/sealing/faults'
import { type Checkpoint, parseVerifierKey, verifyCheckpoint } from './checkpoint'
import { checkPayload, type Entry, hashOf, leafOf, readEntry, readSealedHead, type SealedHead, ZERO_HASH } from './entry'
import { consistencyHolds, inclusionHolds, leafHash } from './merkle'
import { sealedProofHolds } from './sealedBatch'

export interface EntryProof {
  readonly entry: string
  readonly leaf: string
  readonly proof: readonly string[]
  readonly payload?: Json
  readonly salt?: string
}

export interface SealedAct {
  readonly act: string
  readonly leaf: string
  readonly position: number
  readonly siblings: readonly string[]
  readonly batch: number
  readonly payload?: Json
  readonly salt?: string
}

/** What an entry or a sealed act comes with. */
const MEMBERS = new Set(['entry', 'act', 'leaf', 'proof', 'position', 'siblings', 'batch', 'payload', 'salt'])

interface Document {
  readonly v: number
  readonly log: string
  readonly key: string
  readonly checkpoint: string
}
export type EntryDocument = Document & { readonly entry: EntryProof }
export type SealedDocument = Document & { readonly act: SealedAct; readonly batch: EntryProof }
export type Export = Document & {
  readonly stream: string | null
  readonly entries: readonly EntryProof[]
  readonly batches: readonly EntryProof[]
  readonly sealed: readonly SealedAct[]
}

export interface Verified {
  readonly checkpoint: Checkpoint
  readonly entries: number
  readonly payloads: number
  readonly sealed: number
}

/** An entry's evidence; `key` is the pinned verifier key, never the one the document names. */
export async function verifyEntryDocument(document: EntryDocument, key: string): Promise<Entry> {
  return verifyEntry(document.entry, await checkpointOf(document, key))
}

/** A sealed act's evidence: what a bid's receipt carries. */
export async function verifySealedDocument(document: SealedDocument, key: string): Promise<SealedHead> {
  return verifySealedAct(document.act, document.batch, await checkpointOf(document, key))
}

/** A bundle: every entry proven, each stream unbroken, every payload and sealed act given checked. */
export async function verifyExport(document: Export, key: string): Promise<Verified> {
  const checkpoint = await checkpointOf(document, key)
  const heads = new Map<string, string>()
  for (const proof of document.entries) {
    const entry = await verifyEntry(proof, checkpoint)
    insist(document.stream === null || document.stream === entry.stream, 'broken-chain', `entry ${String(entry.seq)} of another stream`)
    insist((heads.get(entry.stream) ?? ZERO_HASH) === entry.stream_prev, 'broken-chain', `entry ${String(entry.seq)} does not continue its stream`)
    heads.set(entry.stream, proof.leaf)
  }
  await verifySealedActs(document, checkpoint)
  const payloads = [...document.entries, ...document.sealed].filter((item) => item.payload !== undefined && item.payload !== null).length
  return { checkpoint, entries: document.entries.length, payloads, sealed: document.sealed.length }
}

/** Two signed checkpoints of one log: the newer only added entries. */
export async function verifyGrowth(older: string, newer: string, proof: readonly string[], key: string): Promise<readonly [Checkpoint, Checkpoint]> {
  const pinned = await parseVerifierKey(key)
  const [old, now] = [await verifyCheckpoint(older, pinned), await verifyCheckpoint(newer, pinned)]
  insist(await consistencyHolds(old.size, now.size, proof.map(hashOf), old.root, now.root), 'broken-chain', 'the log was rewritten between the two checkpoints')
  return [old, now]
}

/** One entry: canonical, in the tree of the checkpoint, and its payload (where given) the one digested. */
export async function verifyEntry(proof: EntryProof, checkpoint: Checkpoint): Promise<Entry> {
  insistKnown(proof)
  const entry = readEntry(proof.entry)
  const leaf = await leafHash(utf8(proof.entry))
  insist(entry.log === checkpoint.origin, 'broken-chain', `entry ${String(entry.seq)} of another log`)
  const included = await inclusionHolds(leaf, entry.seq, checkpoint.size, proof.proof.map(hashOf), checkpoint.root)
  insist(hex(leaf) === proof.leaf && included, 'broken-chain', `entry ${String(entry.seq)} is not in the checkpoint`)
  await checkPayload(proof, entry.payload_sha256)
  return entry
}

async function verifySealedActs(document: Export, checkpoint: Checkpoint): Promise<void> {
  const batches = new Map(document.batches.map((batch) => [readEntry(batch.entry).seq, batch]))
  for (const act of document.sealed) {
    const batch = batches.get(act.batch)
    insist(batch !== undefined, 'broken-chain', `batch ${String(act.batch)} is missing`)
    const head = await verifySealedAct(act, batch, checkpoint)
    insist(document.stream === null || document.stream === head.stream, 'broken-chain', 'a sealed act of another stream')
  }
}

async function verifySealedAct(act: SealedAct, batch: EntryProof, checkpoint: Checkpoint): Promise<SealedHead> {
  const entry = await verifyEntry(batch, checkpoint)
  insist(entry.action === 'sealed.batch' && isObject(batch.payload), 'broken-chain', 'not a sealed batch')
  // The root counts only as the payload the entry digests.
  insist(await checkPayload(batch, entry.payload_sha256), 'broken-chain', 'the batch does not show its root')
  insistKnown(act)
  const head = readSealedHead(act.act)
  const leaf = await leafOf(act.act)
  const held = await sealedProofHolds(hashOf(leaf), act.position, act.siblings.map(hashOf), hashOf(batch.payload.root))
  insist(leaf === act.leaf && act.batch === entry.seq && held, 'broken-chain', `the sealed act is not in batch ${String(entry.seq)}`)
  await checkPayload(act, head.payload_sha256)
  return head
}

function insistKnown(given: EntryProof | SealedAct): void {
  insist(Object.keys(given).every((name) => MEMBERS.has(name)), 'malformed', 'evidence with an unknown member')
}

export async function checkpointOf(document: Document, key: string): Promise<Checkpoint> {
  const pinned = await parseVerifierKey(key)
  insist(document.v === 1 && document.log === pinned.name && document.key === key.trim(), 'not-authentic', 'evidence of another log, key or version')
  return verifyCheckpoint(document.checkpoint, pinned)
}
