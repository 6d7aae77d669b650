/** Private keys inside WebCrypto, never exportable: one pair of uses (sign, unwrap) for each certificate. */
import { type Bytes, concat, random, utf8 } from './bytes'
import { type Certificate, parseCertificate, wrappingKey } from './certificate'
import { Fault } from './faults'
import { signedBy, signWith } from './signer'
import { type Locked, openHpke } from './wraps'

/** What a worker hands over and the browser's store may keep: CryptoKeys and certificates, nothing that can be exported. */
export interface KeySet {
  /** DER of the certificate. */
  readonly certificate: Bytes
  /** DER of the other certificates in the file (issuers). */
  readonly chain: readonly Bytes[]
  readonly sign: CryptoKey
  readonly unwrap: CryptoKey
  /** The public half, which HPKE needs beside an unexportable private key. */
  readonly wrap: CryptoKey
}

const USES = {
  'ec-p256': { sign: { name: 'ECDSA', namedCurve: 'P-256' }, unwrap: { name: 'ECDH', namedCurve: 'P-256' }, use: 'deriveBits' },
  rsa: { sign: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, unwrap: { name: 'RSA-OAEP', hash: 'SHA-256' }, use: 'decrypt' },
} as const

/** Imports a PKCS#8 key twice; refuses a key that does not fit the certificate. */
export async function importKeys(pkcs8: Bytes, certificate: Certificate, chain: readonly Bytes[]): Promise<KeySet> {
  if (certificate.keyKind !== 'ec-p256' && certificate.keyKind !== 'rsa') throw new Fault('unsupported-key', 'only P-256 and RSA keys are supported here')
  const { sign, unwrap, use } = USES[certificate.keyKind]
  const signing = await crypto.subtle.importKey('pkcs8', pkcs8, sign, false, ['sign']).catch(refuseKey)
  const challenge = concat(utf8('ebid/1 possession\0'), random(32))
  if (!(await signedBy(certificate, challenge, await signWith(signing, challenge)))) throw new Fault('wrong-key', 'key and certificate do not fit')
  const unwrapping = await crypto.subtle.importKey('pkcs8', pkcs8, unwrap, false, [use])
  return { certificate: certificate.der, chain, sign: signing, unwrap: unwrapping, wrap: await wrappingKey(certificate) }
}

/** Finds for each private key its certificate among `certificates`; the rest become its chain. */
export async function pairKeys(privateKeys: readonly Bytes[], certificates: readonly Bytes[]): Promise<KeySet[]> {
  const parsed = await Promise.all(certificates.map((der) => parseCertificate(der)))
  const pairs: KeySet[] = []
  for (const pkcs8 of privateKeys) {
    for (const certificate of parsed) {
      const chain = parsed.filter((other) => other !== certificate).map((other) => other.der)
      const keys = await importKeys(pkcs8, certificate, chain).catch(() => null)
      if (keys !== null) pairs.push(keys)
    }
  }
  return pairs
}

/** What the ciphertext holds, by the key in this browser; null when it does not open. */
export async function unlock(keys: KeySet, { alg, info, enc, ct }: Locked): Promise<Bytes | null> {
  try {
    if (alg === 'sm2') return null
    if (alg === 'hpke-p256') return await openHpke({ privateKey: keys.unwrap, publicKey: keys.wrap }, info, enc, ct)
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'RSA-OAEP' }, keys.unwrap, ct))
  } catch {
    return null // another key, or altered: which of them cannot be told apart
  }
}

function refuseKey(cause: unknown): never {
  throw new Fault('wrong-key', 'the private key cannot be used with this certificate', { cause })
}
