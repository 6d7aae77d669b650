// A member's score sheet: one canonical text, committed by its digest, boxed to the member's own certificate, and
// revealed as the same bytes (R-330; evaluation/scoring/sheets.py).
import { base64, type Bytes, hex, random, sha256Hex, textOf, utf8 } from '@/sealing/bytes'
import { canonicalText, type Json } from '@/sealing/canonical'
import type { Identity } from '@/sealing/identity'
import { openBox, sealBox, type SealedBox } from '@/sealing/sealedBox'
import { Fault, insist } from '@/sealing/faults'

export type Scores = Record<string, Record<string, string>>
export interface SheetPlace { readonly lot: string; readonly round: number; readonly member: string }
export interface CommittedSheet { readonly text: string; readonly commitment: string; readonly box: SealedBox }

const PURPOSE = 'score-sheet'
const DRAFT = 'score-draft'
export const subjectOf = ({ lot, round, member }: SheetPlace): string => `${lot}/${String(round)}/${member}`

/** What a person typed as two decimals, or null: "35.5" → "35.50". No float ever holds a score. */
export function twoDecimals(typed: string): string | null {
  const found = /^(\d{1,12})(?:\.(\d{0,2}))?$/.exec(typed.trim())
  return found ? `${(found[1] ?? '').replace(/^0+(?=\d)/, '')}.${(found[2] ?? '').padEnd(2, '0')}` : null
}

/** Hundredths, so that a value is compared with its range exactly. */
export const hundredths = (value: string): bigint => BigInt((twoDecimals(value) ?? '0.00').replace('.', ''))
export const inRange = (value: string, lowest: string, highest: string): boolean => hundredths(value) >= hundredths(lowest) && hundredths(value) <= hundredths(highest)

export function sheetText({ lot, round, member }: SheetPlace, scores: Scores, salt: string): string {
  return canonicalText({ v: 1, kind: PURPOSE, lot, round, member, salt, scores } as Json)
}

/** Hex SHA-256 over "yunkai score-sheet/1\0" ‖ the text. */
export const commitmentOf = (text: string): Promise<string> => sha256Hex(utf8('yunkai score-sheet/1\0'), utf8(text))

/** Commits to scores; the box is opened once before it is trusted, so that nobody commits to what it cannot reveal. */
export async function makeSheet(place: SheetPlace, scores: Scores, identity: Identity): Promise<CommittedSheet> {
  const text = sheetText(place, scores, hex(random(32)))
  const box = await sealBox(utf8(text), identity.encryption, PURPOSE, subjectOf(place))
  insist(await textFrom(box, place, identity) === text, 'not-authentic', 'the box does not give back the sheet')
  return { text, commitment: await commitmentOf(text), box }
}

/** The member's own sheet out of its box; refused when it is not what was committed to. */
export async function openSheet(box: SealedBox, commitment: string, place: SheetPlace, identity: Identity): Promise<string> {
  const text = await textFrom(box, place, identity)
  insist(await commitmentOf(text) === commitment, 'wrong-commitment', 'the sheet is not what was committed to')
  return text
}

async function textFrom(box: SealedBox, place: SheetPlace, identity: Identity): Promise<string> {
  return textOf(await openBox(box, identity, PURPOSE, subjectOf(place)))
}

const key = (place: SheetPlace): string => `yunkai.scores/${subjectOf(place)}`

/** A draft stays on this computer, sealed to the member's own certificate: nobody else who uses it can read it. */
export async function keepDraft(place: SheetPlace, scores: Scores, identity: Identity): Promise<void> {
  const box = await sealBox(utf8(JSON.stringify(scores)), identity.encryption, DRAFT, subjectOf(place))
  localStorage.setItem(key(place), JSON.stringify(box))
}

export async function recallDraft(place: SheetPlace, identity: Identity): Promise<Scores | null> {
  const kept = localStorage.getItem(key(place))
  if (kept === null) return null
  try {
    const plain: Bytes = await openBox(JSON.parse(kept) as SealedBox, identity, DRAFT, subjectOf(place))
    return JSON.parse(textOf(plain)) as Scores
  } catch (fault) {
    if (fault instanceof Fault) return null // another member's certificate, on the same computer
    throw fault
  }
}

export const forgetDraft = (place: SheetPlace): void => localStorage.removeItem(key(place))

/** 32 random bytes for a draw: the tenderee's contribution, made here and by nobody else. */
export const nonce = (): string => base64(random(32))
