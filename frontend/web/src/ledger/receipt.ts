/** A receipt checked alone and offline: signature and chain, time stamps, ledger proof. */
import { fromBase64, fromHex, sha256Hex, utf8 } from '@/sealing/bytes'
import { isObject, type Json, type JsonObject, parseCanonicalObject } from '@/sealing/canonical'
import type { Certificate } from '@/sealing/certificate'
import { Fault, insist } from '@/sealing/faults'
import { checkPlatformSignature, type PlatformSignature, type PlatformTrust } from '@/sealing/notice'
import { type SealedDocument, verifySealedDocument } from './documents'

/** What the platform hands out as a receipt or as the acknowledgement of a withdrawal. */
export interface ReceiptDocument {
  readonly number: string
  readonly kind: string
  /** JCS text. */
  readonly body: string
  readonly signature: PlatformSignature
  readonly proof: SealedDocument | null
}

export interface VerifiedReceipt {
  readonly body: JsonObject
  readonly signer: Certificate
  /** SHA-256 of the body, as the QR code carries it. */
  readonly digest: string
  /** Instant of the time stamp by envelope kind. */
  readonly stampedAt: Readonly<Record<string, Date>>
  /** `pending`: no proof yet; `not-verifiable`: this browser cannot check Ed25519. */
  readonly ledger: 'proven' | 'pending' | 'not-verifiable'
}

const MEMBERS = new Set(['number', 'kind', 'body', 'signature', 'proof'])
const ACTIONS: Readonly<Record<string, string>> = { receipt: 'bid.submitted', withdrawal: 'bid.withdrawn' }

/** Refuses a receipt in which anything does not hold. `key` is the pinned verifier key of the ledger. */
export async function verifyReceipt(document: ReceiptDocument, key: string, trust: PlatformTrust): Promise<VerifiedReceipt> {
  const body = bodyOf(document)
  const signer = await signerOf(document, trust)
  const stampedAt = await stampsOf(body, trust)
  const digest = await sha256Hex(utf8(document.body))
  return { body, signer, digest, stampedAt, ledger: await ledgerOf(document, key) }
}

/** What a receipt says, once its form is right. */
function bodyOf(document: ReceiptDocument): JsonObject {
  const body = parseCanonicalObject(document.body)
  const kind = String(body.kind)
  insist(ACTIONS[kind] !== undefined && body.number === document.number && kind === document.kind, 'malformed', 'not a receipt, or another number or kind')
  insist(Object.keys(document).every((name) => MEMBERS.has(name)), 'malformed', 'a receipt with an unknown member')
  return body
}

/** The platform's certificate that signed a receipt of the right form. */
export async function signerOf(document: ReceiptDocument, trust: PlatformTrust): Promise<Certificate> {
  const { kind, decided_at: decided } = bodyOf(document)
  const at = new Date(String(decided))
  insist(!Number.isNaN(at.getTime()), 'malformed', 'receipt without an instant')
  return checkPlatformSignature(`ebid/1 ${String(kind)}\0`, document.body, document.signature, trust, at)
}

/** Whether the ledger records this very receipt; refuses a proof of anything else. */
export async function ledgerOf(document: ReceiptDocument, key: string): Promise<VerifiedReceipt['ledger']> {
  const body = bodyOf(document)
  if (document.proof === null) return 'pending'
  const expected = { action: ACTIONS[String(body.kind)] ?? '', subject: `bid:${String(body.bid)}`, at: body.decided_at, digest: await sha256Hex(utf8(document.body)) }
  return ledgerProof(document.proof, expected, key)
}

/** The instants of a receipt's time stamps, each over the manifest that its body names. */
export async function stampsOf(body: JsonObject, trust: PlatformTrust): Promise<Record<string, Date>> {
  const stamps: Record<string, Date> = {}
  const { readTimestampOver } = await import('@/sealing/timestamp')
  for (const envelope of (body.envelopes ?? []) as readonly Json[]) {
    insist(isObject(envelope), 'malformed', 'not an envelope')
    const token = fromBase64(String(envelope.timestamp_token))
    const stamp = await readTimestampOver(token, fromHex(String(envelope.manifest_sha256)), trust.roots)
    stamps[String(envelope.kind)] = stamp.at
  }
  return stamps
}

interface Expected {
  readonly action: string
  readonly subject: string
  readonly at: Json | undefined
  readonly digest: string
}

async function ledgerProof(proof: SealedDocument, expected: Expected, key: string): Promise<'proven' | 'not-verifiable'> {
  try {
    const head = await verifySealedDocument(proof, key)
    const { payload, salt } = proof.act
    // Without its salt the payload would be the document's own word.
    insist(typeof salt === 'string' && isObject(payload), 'malformed', 'the ledger proof does not show its payload')
    const same = head.action === expected.action && head.subject === expected.subject && head.at === expected.at
    insist(same && payload.receipt_sha256 === expected.digest, 'not-authentic', 'the ledger records another receipt')
    return 'proven'
  } catch (error) {
    if (error instanceof Fault && error.code === 'not-verifiable') return 'not-verifiable'
    throw error
  }
}
