/** The adapter behind which private keys live: a file, a USB key's program on this computer, a telephone (R-703, docs/keys.md). */
import type { Bytes } from './bytes'
import { type Certificate, parseCertificate } from './certificate'
import { type KeySet, unlock } from './keys'
import { signWith } from './signer'
import type { Locked } from './wraps'

export type KeyWay = 'file' | 'agent' | 'phone'

/** A certificate to sign with, and the one to which secrets are wrapped: the same, but for a dual pair. */
export interface KeyPair {
  readonly certificate: Certificate
  readonly encryption: Certificate
  /** Issuers. */
  readonly chain: readonly Certificate[]
}

/** Private keys that never come here: the store is asked to act with them. One call is one confirmation by their holder. */
export interface KeyStore {
  readonly way: KeyWay
  list(): Promise<readonly KeyPair[]>
  /** One signature a message, in order: DER (ECDSA, SM2) or RSASSA-PKCS1-v1_5. */
  sign(pair: KeyPair, messages: readonly Bytes[]): Promise<readonly Bytes[]>
  /** What each ciphertext holds, in order; null for what does not open. */
  unwrap(pair: KeyPair, locked: readonly Locked[]): Promise<readonly (Bytes | null)[]>
}

/** The keys of a PKCS#12 file, inside this browser and not exportable. */
export function fileStore(keys: KeySet): KeyStore {
  return {
    way: 'file',
    list: async () => {
      const certificate = await parseCertificate(keys.certificate)
      return [{ certificate, encryption: certificate, chain: await Promise.all(keys.chain.map((der) => parseCertificate(der))) }]
    },
    sign: (_, messages) => Promise.all(messages.map((message) => signWith(keys.sign, message))),
    unwrap: (_, locked) => Promise.all(locked.map((item) => unlock(keys, item))),
  }
}
