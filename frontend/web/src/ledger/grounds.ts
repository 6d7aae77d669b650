/**
 * What each certificate was held valid on: complete, and the very grounds that the acts' entries name. Chains
 * and revocation are judged anew by the verifier of the command line, which knows the CAs' kinds of evidence.
 */
import { fromBase64, sha256Hex } from '@/sealing/bytes'
import { canonicalBytes, isObject, type Json, type JsonObject } from '@/sealing/canonical'
import { insist } from '@/sealing/faults'
import { checkpointOf, type EntryProof, type Export, verifyEntry } from './documents'
import { readEntry } from './entry'

/** As an export carries it; evidence is DER in base64 by its SHA-256. */
export interface KeptGrounds {
  readonly validations: readonly JsonObject[]
  readonly evidence: Readonly<Record<string, string>>
  readonly editions: readonly EntryProof[]
}

/** How many grounds are kept; the ledger was checked before. */
export async function checkGrounds(ledger: Export, kept: KeptGrounds | undefined, key: string): Promise<number> {
  const { validations, evidence, editions } = kept ?? { validations: [], evidence: {}, editions: [] }
  const digests = await Promise.all(validations.map((body) => sha256Hex(canonicalBytes(body))))
  const named = new Set(namedIn(ledger))
  insist(digests.length === named.size && digests.every((digest) => named.has(digest)), 'not-authentic', 'the ledger names other grounds')
  const needed = new Set(validations.flatMap((body) => [body.chain, body.crls, body.ocsps].flat().map(String)))
  insist([...needed].every((name) => name in evidence), 'not-authentic', 'evidence is missing')
  for (const [name, der] of Object.entries(evidence)) insist((await sha256Hex(fromBase64(der))) === name, 'not-authentic', 'evidence differs from its digest')
  const checkpoint = await checkpointOf(ledger, key)
  const held = new Set<Json>()
  for (const proof of editions) {
    const entry = await verifyEntry(proof, checkpoint)
    insist(entry.action === 'trust.edition' && typeof proof.salt === 'string' && isObject(proof.payload), 'not-authentic', 'not an edition of the trust list')
    held.add(proof.payload.edition as Json)
  }
  insist(validations.every((body) => held.has(body.edition as Json)), 'not-authentic', 'an edition of the trust list is missing')
  return validations.length
}

function* namedIn(ledger: Export): Generator<string> {
  for (const { payload } of [...ledger.entries, ...ledger.sealed]) if (isObject(payload)) yield* digestOf(payload)
  const frozen = ledger.entries.find(({ entry }) => readEntry(entry).action === 'lot.bids_frozen')
  for (const bid of isObject(frozen?.payload) ? frozen.payload.bids as readonly JsonObject[] : []) yield* digestOf(bid)
}

function* digestOf({ validation }: JsonObject): Generator<string> {
  if (typeof validation === 'string') yield validation
}
