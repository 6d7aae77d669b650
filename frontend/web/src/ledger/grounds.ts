/**
 * On what each certificate was held valid (R-701): the very grounds that the acts' entries name, complete, admitted by
 * the edition of the trust list that was in effect, and leading to the same judgement again. Whether the CAs are ones
 * that the reader trusts himself, the command line asks (`--trust`).
 */
import { type Bytes, fromBase64, sha256Hex } from '@/sealing/bytes'
import { canonicalBytes, isObject, type Json, type JsonObject } from '@/sealing/canonical'
import { Fault, insist } from '@/sealing/faults'
import { checkpointOf, type EntryProof, type Export, verifyEntry } from './documents'
import { readEntry, readSealedHead } from './entry'
import { Undecided } from './findings'
import type { KeptEvidence, Terms } from './validity'

/** As an export carries it; evidence is DER in base64 by its SHA-256. */
export interface KeptGrounds {
  readonly validations: readonly JsonObject[]
  readonly evidence: Readonly<Record<string, string>>
  readonly editions: readonly EntryProof[]
}

/** How many signatures were judged again; of how many submissions among how many frozen; how many on a late word. */
export interface HeldValid {
  readonly signatures: number
  readonly submitted: number
  readonly frozen: number
  readonly late: number
  /** Names of the roots to which they lead. */
  readonly authorities: string
}

/** An act that names its grounds; `certificate`: where it tells whose signature it was. */
interface Named {
  readonly action: string
  readonly at: string
  readonly digest: string
  readonly certificate: Json
}

interface Edition {
  readonly effectiveAt: number
  readonly terms: ReadonlyMap<string, Terms>
  readonly withdrawn: ReadonlySet<string>
}
type Momentary = (text: string) => number

/** Judges all of them again; the ledger was checked before. */
export async function checkGrounds(ledger: Export, kept: KeptGrounds | undefined, key: string): Promise<HeldValid> {
  const { validations, evidence, editions } = kept ?? { validations: [], evidence: {}, editions: [] }
  const bodies = new Map(await Promise.all(validations.map(async (body) => [await sha256Hex(canonicalBytes(body)), body] as const)))
  const named = [...namedIn(ledger)]
  const digests = new Set(named.map((act) => act.digest))
  insist(bodies.size === validations.length && bodies.size === digests.size && [...digests].every((digest) => bodies.has(digest)), 'not-authentic', 'the ledger names other grounds')
  const ders = await evidenceOf(validations, evidence)
  const { KeptEvidence, momentOf } = await import('./validity')
  const held = await editionsOf(ledger, editions, key, momentOf)
  const judging = new KeptEvidence(ders)
  const acts = [...new Map(named.map((act) => [`${act.action} ${act.at} ${act.digest}`, act])).values()]
  const late = await judgeAll(acts, bodies, held, judging, momentOf)
  const frozen = frozenIn(ledger)
  const authorities = [...new Set(await Promise.all(validations.map((body) => judging.rootOf(body))))].sort().join('、')
  return { signatures: acts.length, submitted: frozen.filter((bid) => typeof bid.validation === 'string').length, frozen: frozen.length, late, authorities }
}

async function evidenceOf(validations: readonly JsonObject[], evidence: KeptGrounds['evidence']): Promise<ReadonlyMap<string, Bytes>> {
  const needed = new Set(validations.flatMap((body) => [body.chain, body.crls, body.ocsps].flat().map(String)))
  insist([...needed].every((name) => name in evidence), 'not-authentic', 'evidence is missing')
  const found = Object.entries(evidence).map(([name, der]) => [name, fromBase64(der)] as const)
  for (const [name, der] of found) insist((await sha256Hex(der)) === name, 'not-authentic', 'evidence differs from its digest')
  return new Map(found)
}

/** How many rested on a word past its end. What only the command line judges is said when nothing else is wrong. */
async function judgeAll(acts: readonly Named[], bodies: ReadonlyMap<string, JsonObject>, editions: ReadonlyMap<Json, Edition>, judging: KeptEvidence, momentOf: Momentary): Promise<number> {
  let late = 0
  let open: Undecided | null = null
  for (const act of acts) {
    try {
      if ((await judgeAct(act, bodies.get(act.digest) as JsonObject, editions, judging, momentOf(act.at))).isLate) late++
    } catch (error) {
      if (!(error instanceof Undecided)) throw error
      open = error
    }
  }
  if (open) throw open
  return late
}

async function judgeAct(act: Named, body: JsonObject, editions: ReadonlyMap<Json, Edition>, judging: KeptEvidence, at: number): Promise<{ readonly isLate: boolean }> {
  insist(act.certificate === null || act.certificate === body.certificate, 'not-authentic', 'grounds of another certificate than signed')
  const edition = editions.get(body.edition as Json)
  const above = (body.chain as readonly Json[]).slice(1).map(String)
  insist(edition !== undefined, 'not-authentic', 'an edition of the trust list is missing')
  insist(edition.effectiveAt <= at && above.every((name) => edition.terms.has(name)), 'broken-chain', 'the trust list of that time has not these CAs')
  if (above.some((name) => edition.withdrawn.has(name))) throw new Fault('not-valid', 'withdrawn')
  return judging.judge(body, at, edition.terms)
}

/** Each edition from its own entry, which stands in the checkpoint of the export. */
async function editionsOf(ledger: Export, proofs: readonly EntryProof[], key: string, momentOf: Momentary): Promise<ReadonlyMap<Json, Edition>> {
  const checkpoint = await checkpointOf(ledger, key)
  const held = new Map<Json, Edition>()
  for (const proof of proofs) {
    const entry = await verifyEntry(proof, checkpoint)
    insist(entry.action === 'trust.edition' && typeof proof.salt === 'string' && isObject(proof.payload), 'not-authentic', 'not an edition of the trust list')
    const listed = proof.payload.list as readonly JsonObject[]
    const pairs = listed.flatMap((each) => (each.certificates as readonly string[]).map((name) => [name, each] as const))
    held.set(proof.payload.edition as Json, {
      effectiveAt: momentOf(String(proof.payload.effective_at)),
      terms: new Map(pairs.map(([name, each]) => [name, termsOf(each, momentOf)])),
      withdrawn: new Set(pairs.flatMap(([name, each]) => (each.status === 'withdrawn' ? [name] : []))),
    })
  }
  return held
}

function termsOf(listed: JsonObject, momentOf: Momentary): Terms {
  return {
    validFrom: momentOf(String(listed.valid_from)), validTo: momentOf(String(listed.valid_to)),
    isSuspended: listed.status === 'suspended', policies: listed.policies as readonly string[],
  }
}

/** Every act whose readable payload names grounds; of the frozen set each bid's submission. */
function* namedIn(ledger: Export): Generator<Named> {
  for (const { entry, payload } of ledger.entries) {
    const { action, ts } = readEntry(entry)
    if (isObject(payload)) yield* namedBy(action, ts, payload)
  }
  for (const bid of frozenIn(ledger)) yield* namedBy('bid.submitted', String(bid.submitted_at), bid)
  for (const { act, payload } of ledger.sealed) {
    const { action, at } = readSealedHead(act)
    if (isObject(payload)) yield* namedBy(action, at, payload)
  }
}

function frozenIn(ledger: Export): readonly JsonObject[] {
  const frozen = ledger.entries.filter(({ entry }) => readEntry(entry).action === 'lot.bids_frozen')
  return frozen.flatMap(({ payload }) => (isObject(payload) ? payload.bids as readonly JsonObject[] : []))
}

function* namedBy(action: string, at: string, { validation, certificate }: JsonObject): Generator<Named> {
  if (validation !== undefined && validation !== null) yield { action, at, digest: String(validation), certificate: certificate ?? null }
}
