/** Opens a PKCS#12 file (modern PBES2 or legacy 3DES/RC2). Loads node-forge, so only a worker imports this. */
import forge from 'node-forge'
import { type Bytes } from './bytes'
import { Fault } from './faults'
import { type KeySet, pairKeys } from './keys'
import { pairSmKeys, type SmKeySet } from './smKeys'

/** Keys inside WebCrypto, or the boxed keys of an SM2 pair. */
export type Keys = KeySet | SmKeySet

// forge understands RSA only. With its two readers refusing, every bag keeps its raw ASN.1, and WebCrypto reads the key.
const refuse = (): never => {
  throw new Error('kept as ASN.1')
}
const { pki, pkcs5, asn1, util } = forge
Object.assign(pki, { privateKeyFromAsn1: refuse, certificateFromAsn1: refuse })
// PBES2 takes the password as UTF-8 (RFC 8018); forge would take a Chinese password letter by letter.
const deriveLatin = pkcs5.pbkdf2.bind(pkcs5) as (password: string, ...rest: unknown[]) => unknown
Object.assign(pkcs5, { pbkdf2: (password: string, ...rest: unknown[]) => deriveLatin(util.encodeUtf8(password), ...rest) })

/** All usable key and certificate pairs of the file; refuses a wrong password and a file without a usable pair. */
export async function openPkcs12(file: Bytes, password: string): Promise<Keys[]> {
  const safe = decrypt(file, password)
  const keys = [...bags(safe, pki.oids.pkcs8ShroudedKeyBag), ...bags(safe, pki.oids.keyBag)]
  const certificates = bags(safe, pki.oids.certBag)
  if (keys.length === 0 || certificates.length === 0) throw new Fault('no-key', 'the file holds no key with a certificate')
  const pairs = [...(await pairKeys(keys, certificates)), ...(await pairSmKeys(keys, certificates))]
  for (const key of keys) key.fill(0)
  if (pairs.length === 0) throw new Fault('unsupported-key', 'no P-256, RSA or SM2 key with its certificate in this file')
  return pairs
}

function decrypt(file: Bytes, password: string): forge.pkcs12.Pkcs12Pfx {
  const content = util.createBuffer(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength))
  let tree: forge.asn1.Asn1
  try {
    tree = asn1.fromDer(content)
  } catch (cause) {
    throw new Fault('malformed', 'not a PKCS#12 file', { cause })
  }
  try {
    return forge.pkcs12.pkcs12FromAsn1(tree, password)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : ''
    // Reasons are forge's own words and never hold the password.
    if (/password|MAC could not/i.test(reason)) throw new Fault('wrong-password', 'the password does not open this file')
    throw new Fault('malformed', `PKCS#12 cannot be read: ${reason}`, { cause })
  }
}

function bags(safe: forge.pkcs12.Pkcs12Pfx, type: string | undefined): Bytes[] {
  const found = type === undefined ? [] : (safe.getBags({ bagType: type })[type] ?? [])
  return found.flatMap((bag) => (bag.asn1 === undefined ? [] : [bytesOf(asn1.toDer(bag.asn1).getBytes())]))
}

function bytesOf(binary: string): Bytes {
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}
