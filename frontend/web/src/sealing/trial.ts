/** The trial segment: proof before the deadline that the bidder's key will open its bid; it shows nothing of the bid. */
import { base64, type Bytes, concat, equal, fromBase64, random, utf8 } from './bytes'
import { contextHash, trialKey } from './context'
import { Fault, insist } from './faults'
import { checkBidderSecret, type Header, wrapAddressed } from './header'
import { type Unwrapper, unwrapSecret } from './wraps'

const PLAIN = utf8('ebid/1 trial')

/** base64(iv ‖ AES-256-GCM of "ebid/1 trial"), additional data ch, key from S_B alone. */
export async function sealTrial(bidderSecret: Bytes, ch: Bytes, iv: Bytes = random(12)): Promise<string> {
  const key = await aesKey(bidderSecret, ch, 'encrypt')
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: ch }, key, PLAIN)
  return base64(concat(iv, new Uint8Array(sealed)))
}

/** Refuses unless S_B is the committed one and opens the trial segment. */
export async function openTrial(header: Header, bidderSecret: Bytes): Promise<void> {
  await checkBidderSecret(header, bidderSecret)
  const ch = await contextHash(header.ctx)
  const sealed = fromBase64(header.trial)
  const key = await aesKey(bidderSecret, ch, 'decrypt')
  const iv = sealed.slice(0, 12)
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: ch }, key, sealed.slice(12)).catch((cause: unknown) => {
    throw new Fault('not-authentic', 'the trial segment does not open', { cause })
  })
  insist(equal(new Uint8Array(plain), PLAIN), 'not-authentic', 'the trial segment holds something else')
}

/** Trial decryption of one's own sealed object: unwrap, check the commitment, open the trial segment. */
export async function tryDecryption(header: Header, unwrapper: Unwrapper): Promise<void> {
  const wrap = wrapAddressed(header, 'bidder', unwrapper.certificate.fingerprint)
  const secret = await unwrapSecret(wrap, await contextHash(header.ctx), unwrapper)
  try {
    await openTrial(header, secret)
  } finally {
    secret.fill(0)
  }
}

async function aesKey(bidderSecret: Bytes, ch: Bytes, usage: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', await trialKey(bidderSecret, ch), 'AES-GCM', false, [usage])
}
