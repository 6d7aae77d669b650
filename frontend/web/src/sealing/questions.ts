/** Questions to a key that is not here, `yunkai-key/1` (docs/keys.md): made here, carried by an agent or a relay, answered under seal. */
import { base64, type Bytes, concat, fromBase64, hex, random, textOf, utf8 } from './bytes'
import { isObject, type Json } from './canonical'
import { parseCertificate } from './certificate'
import { Fault, type FaultCode, insist } from './faults'
import type { KeyPair, KeyStore, KeyWay } from './keyStore'
import { signedBy } from './signer'
import { type Locked, openHpke } from './wraps'

export type Doing = 'list' | 'sign' | 'unwrap'

/** What a holder is asked, as text, and how long it stands. */
export interface Question {
  readonly text: string
  readonly doing: Doing
  readonly expiresAt: number
}

/** Brings a question to the key and its sealed answer (enc ‖ ciphertext) back. */
export interface Carrier {
  readonly way: KeyWay
  carry(question: Question): Promise<Bytes>
}

const LIFE = 110_000 // a little less than the relay's two minutes
const REFUSALS: Readonly<Record<string, FaultCode>> = { declined: 'declined', 'no-certificate': 'no-key', unknown: 'declined' }

/** A store whose keys are elsewhere: each call is one question, and its answer can be read by this page alone. */
export function remoteStore(carrier: Carrier, origin: string = location.origin): KeyStore {
  const put = (doing: Doing, more: Record<string, Json>) => ask(carrier, origin, doing, more)
  return {
    way: carrier.way,
    list: async () => Promise.all(listOf((await put('list', {})).pairs).map(pairOf)),
    sign: async (pair, messages) => {
      const answer = await put('sign', { certificate: pair.certificate.fingerprint, messages: messages.map(base64) })
      const signatures = listOf(answer.signatures).map(bytesOf)
      const hold = await Promise.all(messages.map((message, at) => signedBy(pair.certificate, message, signatures[at] ?? new Uint8Array())))
      insist(signatures.length === messages.length && hold.every(Boolean), 'not-authentic', 'the signature is not by this certificate')
      return signatures
    },
    unwrap: async (pair, locked) => {
      const answer = await put('unwrap', { certificate: pair.encryption.fingerprint, locked: locked.map(wireOf) })
      const plain = listOf(answer.plain)
      insist(plain.length === locked.length, 'not-authentic', 'another number of answers')
      return plain.map((each) => (each === null ? null : bytesOf(each)))
    },
  }
}

async function ask(carrier: Carrier, origin: string, doing: Doing, more: Record<string, Json>): Promise<Record<string, Json>> {
  const reply = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']) as CryptoKeyPair
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', reply.publicKey))
  const id = hex(random(16))
  const expiresAt = Date.now() + LIFE
  const text = JSON.stringify({ v: 1, id, origin, reply: base64(point), expires_at: new Date(expiresAt).toISOString(), do: doing, ...more })
  const sealed = await carrier.carry({ text, doing, expiresAt })
  const plain = await openHpke(reply, concat(utf8('yunkai-key/1 answer\0'), utf8(id)), sealed.slice(0, 65), sealed.slice(65)).catch((cause: unknown) => {
    throw new Fault('not-authentic', 'the answer is not to this question', { cause })
  })
  const answer = JSON.parse(textOf(plain)) as Json
  insist(isObject(answer) && answer.id === id, 'not-authentic', 'the answer is to another question')
  if (typeof answer.refused === 'string') throw new Fault(REFUSALS[answer.refused] ?? 'declined', 'the key said no')
  return answer
}

const wireOf = ({ alg, info, enc, ct }: Locked): Json => ({ alg, info: base64(info), enc: base64(enc), ct: base64(ct) })

async function pairOf(item: Json): Promise<KeyPair> {
  insist(isObject(item), 'malformed', 'not a pair')
  const certificate = await parseCertificate(bytesOf(item.certificate))
  const encryption = item.encryption === null ? certificate : await parseCertificate(bytesOf(item.encryption))
  return { certificate, encryption, chain: await Promise.all(listOf(item.chain).map((der) => parseCertificate(bytesOf(der)))) }
}

function listOf(value: Json | undefined): readonly Json[] {
  insist(Array.isArray(value), 'malformed', 'a list is expected')
  return value as readonly Json[]
}

function bytesOf(value: Json | undefined): Bytes {
  insist(typeof value === 'string', 'malformed', 'base64 is expected')
  return fromBase64(value)
}
