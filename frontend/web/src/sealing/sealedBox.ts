/** A small sealed letter to one certificate (storage/crypto/sealed_box.py): purpose and subject are bound in. */
import { base64, type Bytes, fromBase64, sha256, utf8 } from './bytes'
import type { Certificate } from './certificate'
import { Fault } from './faults'
import { type Unwrapper, unwrapSecret, type Wrap, wrapSecret } from './wraps'

export type SealedBox = { readonly v: 1; readonly wrap: Wrap; readonly iv: string; readonly ct: string }

const place = (purpose: string, subject: string): Promise<Bytes> => sha256(utf8(`yunkai box/1\0${purpose}\0${subject}`))
const aesKey = (key: Bytes, use: KeyUsage): Promise<CryptoKey> => crypto.subtle.importKey('raw', key, 'AES-GCM', false, [use])

export async function sealBox(plain: Bytes, certificate: Certificate, purpose: string, subject: string): Promise<SealedBox> {
  const bound = await place(purpose, subject)
  const key = crypto.getRandomValues(new Uint8Array(32))
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const wrap = await wrapSecret(key, 'bidder', 0, bound, certificate)
  const ct = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: bound }, await aesKey(key, 'encrypt'), plain)
  return { v: 1, wrap, iv: base64(iv), ct: base64(new Uint8Array(ct)) }
}

/** Opens a box addressed to the unwrapper's certificate; refuses another purpose or subject. */
export async function openBox(box: SealedBox, unwrapper: Unwrapper, purpose: string, subject: string): Promise<Bytes> {
  const bound = await place(purpose, subject)
  const key = await unwrapSecret(box.wrap, bound, unwrapper)
  try {
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: fromBase64(box.iv), additionalData: bound }, await aesKey(key, 'decrypt'), fromBase64(box.ct))
    return new Uint8Array(plain)
  } catch (cause) {
    throw new Fault('not-authentic', 'the box does not open', { cause })
  }
}
