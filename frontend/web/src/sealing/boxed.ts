/** Key bytes of algorithms that WebCrypto does not know, sealed under a key of its own that cannot be exported. */
import { type Bytes, random } from './bytes'

/** The browser's store and messages to workers may carry it; what it holds shows for the moment of an act only. */
export interface Boxed {
  readonly key: CryptoKey
  readonly iv: Bytes
  readonly sealed: Bytes
}

export async function boxed(raw: Bytes): Promise<Boxed> {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const iv = random(12)
  return { key, iv, sealed: new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, raw)) }
}

export async function unboxed({ key, iv, sealed }: Boxed): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed))
}
