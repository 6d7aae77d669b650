/** A printed recovery code, and the wrap of S_B under it that stands in H as `recovery`; see storage/crypto/recovery.py. */
import { base64, type Bytes, concat, fromBase64, random, utf8 } from './bytes'
import { isObject, type Json } from './canonical'
import { Fault, insist } from './faults'
import { wrapBinding } from './wraps'

export type Recovery = {
  readonly alg: 'pbkdf2-sha256-aes256gcm'
  /** base64 of 16 bytes */
  readonly salt: string
  readonly rounds: number
  /** base64 of iv[12] ‖ ciphertext[32] ‖ tag[16] */
  readonly ct: string
}

const ALGORITHM = 'pbkdf2-sha256-aes256gcm'
const ROUNDS = 600_000
const MOST_ROUNDS = 10_000_000
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const DIGITS = 27
const CODE = new RegExp(`^[${ALPHABET}]{${String(DIGITS + 1)}}$`)
/** The bidder's place after its two certificates. */
export const PLACE = 2

/** A fresh code in seven groups of four characters; only values whose check needs none of Crockford's `*~$=U`. */
export function newCode(): string {
  for (;;) {
    const plain = Array.from(random(DIGITS), (byte) => ALPHABET.charAt(byte & 31)).join('')
    const check = ALPHABET.charAt(checkOf(plain))
    if (check !== '') return printed(plain + check)
  }
}

/** The code as it is printed, from what somebody typed; refuses what cannot be a code. */
export function readCode(text: string): string {
  const plain = text.normalize('NFKC').toUpperCase().replace(/[^\p{L}\p{N}]/gu, '').replace(/O/g, '0').replace(/[IL]/g, '1')
  insist(CODE.test(plain) && ALPHABET.charAt(checkOf(plain.slice(0, DIGITS))) === plain[DIGITS], 'code-mistyped', 'not a recovery code')
  return printed(plain)
}

/** The wrap from H; refuses other keys, lengths or rounds. */
export function readRecovery(item: Json): Recovery {
  insist(isObject(item) && Object.keys(item).sort().join() === 'alg,ct,rounds,salt' && item.alg === ALGORITHM, 'malformed', 'recovery has other fields')
  const { rounds } = item
  insist(Number.isInteger(rounds) && (rounds as number) >= ROUNDS && (rounds as number) <= MOST_ROUNDS, 'malformed', 'rounds out of range')
  insist(sizeOf(item.salt) === 16 && sizeOf(item.ct) === 60, 'malformed', 'recovery has other lengths')
  return item as Recovery
}

/** S_B under a code; `salt` and `iv` are chosen for vectors only. */
export async function wrapUnder(code: string, secret: Bytes, ch: Bytes, salt: Bytes = random(16), iv: Bytes = random(12)): Promise<Recovery> {
  const key = await keyUnder(code, salt, ROUNDS)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: wrapBinding('bidder', PLACE, ch) }, key, secret)
  return { alg: ALGORITHM, salt: base64(salt), rounds: ROUNDS, ct: base64(concat(iv, new Uint8Array(sealed))) }
}

/** S_B; refuses the code of another bid. */
export async function unwrapUnder(code: string, { salt, rounds, ct }: Recovery, ch: Bytes): Promise<Bytes> {
  const key = await keyUnder(code, fromBase64(salt), rounds)
  const sealed = fromBase64(ct)
  const place = { name: 'AES-GCM', iv: sealed.slice(0, 12), additionalData: wrapBinding('bidder', PLACE, ch) }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(place, key, sealed.slice(12)))
  } catch (cause) {
    throw new Fault('code-of-another', 'the code is not the one of this bid', { cause })
  }
}

async function keyUnder(code: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  const typed = await crypto.subtle.importKey('raw', utf8(readCode(code).replaceAll('-', '')), 'PBKDF2', false, ['deriveKey'])
  return crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, typed, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

/** The value of the characters modulo 37. */
function checkOf(plain: string): number {
  return Array.from(plain).reduce((sum, char) => (sum * 32 + ALPHABET.indexOf(char)) % 37, 0)
}

const printed = (plain: string): string => (plain.match(/.{4}/g) ?? []).join('-')

function sizeOf(value: Json | undefined): number {
  try {
    return fromBase64(value as string).length
  } catch (cause) {
    throw new Fault('malformed', 'not base64', { cause })
  }
}
