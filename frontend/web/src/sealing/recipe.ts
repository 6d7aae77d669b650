/** A resealing recipe: what a bidder keeps to seal its own plaintext again to the bytes it signed; see storage/crypto/recipe.py. */
import { base64, type Bytes, concat, fromBase64, fromHex, hex, random, utf8 } from './bytes'
import { canonicalBytes, isObject, type Json, parseCanonicalObject } from './canonical'
import { Fault, insist } from './faults'

const KIND = 'ebid-resealing-recipe'
const ROUNDS = 600_000
const MOST_ROUNDS = 10_000_000
export const IV = 12

/** S_B and S_P of one object, 32 bytes each. */
export interface BothSecrets { readonly bidder: Bytes; readonly custody: Bytes }

/** An object's entry in the file. `nonces`: base64 of the IV of each stored segment in order, there once all were sent. */
export type KeptRecipe = { readonly of: string; readonly salt: string; readonly rounds: number; readonly ct: string; readonly nonces?: string }

/** What opens with the body: secrets, the IVs in order, and of a statement its plaintext (else empty). */
export interface Recipe extends BothSecrets { readonly ivs: readonly Bytes[]; readonly statement: Bytes }

/** What is locked: the secrets of an object of this kind and digest of H, under `body`, the SHA-256 of its envelope's body. */
export interface ToLock { readonly of: string; readonly header: string; readonly body: Bytes; readonly statement?: Bytes }

/** The entry without its IVs; `salt` and `iv` are chosen for vectors only. */
export async function lockRecipe(both: BothSecrets, { of, header, body, statement = new Uint8Array() }: ToLock, salt: Bytes = random(16), iv: Bytes = random(12)): Promise<KeptRecipe> {
  const text = canonicalBytes({ s_b: hex(both.bidder), s_p: hex(both.custody), statement: base64(statement) })
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: placeOf(header) }, await keyUnder(body, salt, ROUNDS), text)
  text.fill(0)
  return { of, salt: base64(salt), rounds: ROUNDS, ct: base64(concat(iv, new Uint8Array(sealed))) }
}

/** The recipe of the object of that header digest; refuses another body, and an entry that was changed. */
export async function unlockRecipe(kept: KeptRecipe, header: string, body: Bytes): Promise<Recipe> {
  const { rounds } = kept
  const [salt, ct, ivs] = [kept.salt, kept.ct, kept.nonces ?? ''].map(binary) as [Bytes, Bytes, Bytes]
  insist(Number.isInteger(rounds) && rounds >= ROUNDS && rounds <= MOST_ROUNDS && ct.length > IV && ivs.length % IV === 0, 'no-recipe', 'recipe out of range')
  const place = { name: 'AES-GCM', iv: ct.slice(0, IV), additionalData: placeOf(header) }
  const plain = await crypto.subtle.decrypt(place, await keyUnder(body, salt, rounds), ct.slice(IV)).catch((cause: unknown) => {
    throw new Fault('other-plaintext', 'not the body that was sealed, or the recipe was changed', { cause })
  })
  const told = parseCanonicalObject(new Uint8Array(plain))
  return {
    bidder: fromHex(String(told.s_b)), custody: fromHex(String(told.s_p)), statement: fromBase64(String(told.statement)),
    ivs: Array.from({ length: ivs.length / IV }, (_, at) => ivs.slice(at * IV, (at + 1) * IV)),
  }
}

/** The file's text over entries by the digest of their header. */
export function recipeText(objects: Readonly<Record<string, KeptRecipe>>): string {
  return JSON.stringify({ v: 1, kind: KIND, objects })
}

/** The entries of a file; refuses what is no recipe. */
export function readRecipes(text: string): Map<string, KeptRecipe> {
  try {
    const value = JSON.parse(text) as Json
    insist(isObject(value) && value.kind === KIND && isObject(value.objects), 'no-recipe', 'not a recipe')
    const entries = Object.entries(value.objects)
    insist(entries.every(([, entry]) => isObject(entry)), 'no-recipe', 'not a recipe')
    return new Map(entries as [string, KeptRecipe][])
  } catch (cause) {
    throw new Fault('no-recipe', 'not a recipe', { cause })
  }
}

async function keyUnder(body: Bytes, salt: Bytes, iterations: number): Promise<CryptoKey> {
  const known = await crypto.subtle.importKey('raw', body, 'PBKDF2', false, ['deriveKey'])
  return crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, known, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

const placeOf = (header: string): Bytes => concat(utf8('ebid/1 recipe\0'), fromHex(header))

function binary(text: unknown): Bytes {
  try {
    return fromBase64(text as string)
  } catch (cause) {
    throw new Fault('no-recipe', 'not base64', { cause })
  }
}
