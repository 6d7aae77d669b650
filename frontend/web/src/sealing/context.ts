/** What a sealed object is bound to (ctx), and what follows from it: ch, the file key, the commitments. */
import { type Bytes, concat, u16be, utf8 } from './bytes'
import { canonicalBytes, isObject, type Json } from './canonical'
import { insist } from './faults'
import { FLOE, type Suite, suiteOf } from './suites'

export const BODY_SEGMENT = 8_388_608
export const STATEMENT_SEGMENT = 1_048_576

/** The envelope in which an object of this kind lies; the kind of a body is the envelope's own name. */
export const envelopeOf = (kind: string): string => kind.replace(/\/statement$/, '')

export type EnvelopeKind = 'whole' | 'whole/statement' | 'technical' | 'technical/statement' | 'price' | 'price/statement'

/** ctx of EBID/1. */
export type Context = {
  readonly tender: string
  readonly lot: string
  readonly round: number
  /** "sha256:" + hex of the bidder's certificate. */
  readonly bidder: string
  readonly version: number
  readonly envelope: EnvelopeKind
  /** "2026-12-01T01:00:00Z" */
  readonly opens_at: string
  readonly suite: number
  readonly seg: number
  readonly k: number
  readonly n: number
  /** Certificate digests in the order of share index 1 … n. */
  readonly custodians: readonly string[]
}

const TEXTS = ['tender', 'lot', 'bidder', 'envelope', 'opens_at'] as const
const NUMBERS = ['round', 'version', 'suite', 'seg', 'k', 'n'] as const
const CERTIFICATE = /^sha256:[0-9a-f]{64}$/
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** A context from JSON; refuses missing, further or ill-typed fields. */
export function readContext(value: Json | undefined): Context {
  insist(isObject(value), 'malformed', 'ctx is an object')
  insist(Object.keys(value).length === TEXTS.length + NUMBERS.length + 1, 'malformed', 'ctx has other fields')
  for (const name of TEXTS) {
    const text = value[name]
    insist(typeof text === 'string' && text.length >= 1 && text.length <= 200, 'malformed', `ctx.${name} is a text`)
  }
  for (const name of NUMBERS) insist(Number.isSafeInteger(value[name]) && (value[name] as number) >= 1, 'malformed', `ctx.${name} is a number`)
  const context = value as Context
  checkPlaces(context)
  return context
}

function checkPlaces(context: Context): void {
  const { custodians, k, n } = context
  suiteOf(context.suite)
  insist(/^(?:whole|technical|price)(?:\/statement)?$/.test(context.envelope), 'malformed', 'unknown envelope')
  insist(INSTANT.test(context.opens_at) && !Number.isNaN(Date.parse(context.opens_at)), 'malformed', 'ctx.opens_at is no instant')
  insist(context.seg > 32 && context.seg <= 2 ** 26, 'malformed', 'ctx.seg out of range')
  insist(k <= n && n <= 255 && (n === 1 || k >= 2), 'malformed', 'k of n is out of range')
  insist(Array.isArray(custodians) && custodians.length === n && new Set(custodians).size === n, 'malformed', 'custodians do not fit n')
  insist([context.bidder, ...custodians].every((digest) => CERTIFICATE.test(digest)), 'malformed', 'not a certificate digest')
}

/** ch = H("ebid/1 ctx\0" ‖ JCS(ctx)), H the hash of its suite. */
export function contextHash(context: Context): Promise<Bytes> {
  return suiteOf(context.suite).digest(utf8('ebid/1 ctx\0'), canonicalBytes(context))
}

/** "ebid/1 body\0" ‖ suite ‖ ch. */
export function bodyAad(suite: number, ch: Bytes): Bytes {
  return concat(utf8('ebid/1 body\0'), new Uint8Array([suite]), ch)
}

/** K: both secrets are needed. */
export function fileKey(bidderSecret: Bytes, custodySecret: Bytes, ch: Bytes, suite: Suite = FLOE): Promise<Bytes> {
  return suite.derive(ch, concat(u16be(32), bidderSecret, u16be(32), custodySecret), utf8('ebid/1 floe key'), 32)
}

/** The key of the trial segment: from S_B alone, so it opens nothing of the bid. */
export function trialKey(bidderSecret: Bytes, ch: Bytes, suite: Suite = FLOE): Promise<Bytes> {
  return suite.derive(ch, bidderSecret, utf8('ebid/1 trial key'), suite.cipherKey)
}

/** H("ebid/1 commit\0" ‖ kind ‖ 0 ‖ secret); b for S_B, p for S_P, s for a whole share. */
export function commitment(kind: 'b' | 'p' | 's', secret: Bytes, suite: Suite = FLOE): Promise<Bytes> {
  return suite.digest(utf8(`ebid/1 commit\0${kind}\0`), secret)
}
