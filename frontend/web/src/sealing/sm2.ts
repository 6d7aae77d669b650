/** SM2 (GB/T 32918) over sm-crypto-v2: signatures in DER under the fixed signer's identifier, ciphertexts in DER, C1 C3 C2. */
import { sm2 } from 'sm-crypto-v2'
import { type Bytes, concat, fromHex, hex } from './bytes'
import { childAt, children, derOf, oidOf, readDer } from './der'
import { insist } from './faults'

export const SM2_CURVE = '1.2.156.10197.1.301'
const EC = '1.2.840.10045.2.1'
const USER = { userId: '1234567812345678', der: true, hash: true } as const

/** A private key: 32 bytes, with its uncompressed point. Only a worker holds one. */
export interface Sm2Key {
  readonly scalar: Bytes
  readonly point: Bytes
}

/** DER SEQUENCE of r and s, over SM3(Z ‖ message). */
export function signSm2(key: Sm2Key, message: Bytes): Bytes {
  return fromHex(sm2.doSignature(message, hex(key.scalar), { ...USER, publicKey: hex(key.point) }))
}

export function verifiesSm2(point: Bytes, message: Bytes, signature: Bytes): boolean {
  try {
    // The library reads lengths generously; strict DER has one spelling.
    return isSignature(signature) && sm2.doVerifySignature(message, hex(signature), hex(point), USER)
  } catch {
    return false
  }
}

export function encryptSm2(point: Bytes, plain: Bytes): Bytes {
  insist(isPoint(point), 'malformed', 'no point of the curve')
  return strictCiphertext(fromHex(sm2.doEncrypt(plain, hex(point), 1, { asn1: true })))
}

/** The plaintext; null for another key's ciphertext, an altered one, and anything but strict DER. */
export function decryptSm2(key: Sm2Key, sealed: Bytes): Bytes | null {
  const length = sm2CipherLength(sealed)
  // The library multiplies any point; one off the curve would tell of the key, bit by bit.
  if (length === null || !isPoint(cipherPoint(sealed))) return null
  try {
    const plain = sm2.doDecrypt(hex(sealed), hex(key.scalar), 1, { asn1: true, output: 'array' })
    // The library answers with nothing where its digest C3 does not fit.
    return plain.length === length ? new Uint8Array(plain) : null
  } catch {
    return null
  }
}

/** C1 as an uncompressed point. */
function cipherPoint(sealed: Bytes): Bytes {
  const wide = (node: { readonly body: Bytes }) => concat(new Uint8Array(32), node.body).slice(-32)
  const [x, y] = children(readDer(sealed))
  return x && y ? concat(new Uint8Array([4]), wide(x), wide(y)) : new Uint8Array(0)
}

/** Bytes of plaintext in a ciphertext of strict DER; null for any other form. */
export function sm2CipherLength(sealed: Bytes): number | null {
  try {
    const parts = children(readDer(sealed))
    const [x, y, digest, cipher] = parts
    const fits = parts.length === 4 && isCoordinate(x) && isCoordinate(y) && digest?.tag === 0x04 && digest.body.length === 32 && cipher?.tag === 0x04 && cipher.body.length > 0
    return fits ? cipher.body.length : null
  } catch {
    return null
  }
}

/** The uncompressed point of an SPKI on the SM2 curve; null for any other key. */
export function sm2Point(spki: Bytes): Bytes | null {
  const outer = readDer(spki)
  if (!isSm2Algorithm(childAt(outer, 0).raw)) return null
  const bits = childAt(outer, 1).body
  const point = bits.slice(1)
  return bits[0] === 0 && isPoint(point) ? point : null
}

/** The key of PKCS#8 on the SM2 curve, without a password; null for any other. */
export function sm2KeyOf(pkcs8: Bytes): Sm2Key | null {
  const [, algorithm, wrapped] = children(readDer(pkcs8))
  if (algorithm === undefined || wrapped === undefined || !isSm2Algorithm(algorithm.raw)) return null
  const octets = childAt(readDer(wrapped.body), 1).body
  insist(octets.length <= 32, 'malformed', 'an SM2 key has 32 bytes')
  const scalar = concat(new Uint8Array(32 - octets.length), octets)
  return { scalar, point: fromHex(sm2.getPublicKeyFromPrivateKey(hex(scalar))) }
}

/** An uncompressed point of the curve. */
function isPoint(point: Bytes): boolean {
  try {
    return point.length === 65 && point[0] === 4 && sm2.verifyPublicKey(hex(point))
  } catch {
    return false
  }
}

/** id-ecPublicKey with the SM2 curve. */
function isSm2Algorithm(der: Bytes): boolean {
  const [algorithm, curve] = children(readDer(der))
  return algorithm !== undefined && oidOf(algorithm) === EC && curve?.tag === 0x06 && oidOf(curve) === SM2_CURVE
}

function isSignature(der: Bytes): boolean {
  const numbers = children(readDer(der))
  return numbers.length === 2 && numbers.every(isCoordinate)
}

/** A positive INTEGER of at most 256 bits in its one spelling. */
function isCoordinate(node: { readonly tag: number; readonly body: Bytes } | undefined): boolean {
  if (node?.tag !== 0x02) return false
  const { body } = node
  const [first = 0x80, second = 0] = body
  const minimal = body.length === 1 || first !== 0 || second >= 0x80
  return first < 0x80 && minimal && body.length <= 33 && (body.length < 33 || first === 0)
}

/** The library pads coordinates at times; the wire has minimal integers. */
function strictCiphertext(sealed: Bytes): Bytes {
  const [x, y, digest, cipher] = children(readDer(sealed))
  insist(x && y && digest && cipher, 'malformed', 'not an SM2 ciphertext')
  return derOf(0x30, integer(x.body), integer(y.body), derOf(0x04, digest.body), derOf(0x04, cipher.body))
}

function integer(body: Bytes): Bytes {
  const at = body.findIndex((byte) => byte !== 0)
  const digits = at < 0 ? new Uint8Array(1) : body.slice(at)
  return derOf(0x02, (digits[0] ?? 0) >= 0x80 ? new Uint8Array(1) : new Uint8Array(0), digits)
}

