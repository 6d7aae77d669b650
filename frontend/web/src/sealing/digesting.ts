/** SHA-256 of a plaintext of any size, read through once; WebCrypto wants all bytes at once, which a bid's are too many for. */
import { sha256 } from '@noble/hashes/sha2.js'
import { hex } from './bytes'
import { readBytes } from './parts'

const CHUNK = 8 * 1024 * 1024

/** Lower-case hex; `onRead` counts bytes. */
export async function digestOf(body: Blob, onRead: (bytes: number) => void = () => undefined): Promise<string> {
  const digest = sha256.create()
  for (let at = 0; at < body.size; at += CHUNK) {
    const chunk = await readBytes(body, at, at + CHUNK)
    digest.update(chunk)
    onRead(chunk.length)
  }
  return hex(digest.digest())
}
