/** M, the manifest over all that is stored of a sealed object, and the bidder's signature over it. */
import { type Bytes, concat, sha256Hex, utf8 } from './bytes'
import { canonicalBytes, parseCanonicalObject } from './canonical'
import { type Certificate } from './certificate'
import { insist } from './faults'
import { segmentCount } from './floe'
import { type Header, headerBytes, headerDigest } from './header'
import { type Signer, signedBy } from './signer'
import { sm3Hex, suiteOf } from './suites'

export type Manifest = {
  readonly v: 1
  readonly header_sha256: string
  /** SHA-256 of each stored segment, lower-case hex. */
  readonly parts: readonly string[]
  /** Plaintext bytes. */
  readonly size: number
  /** In suite 2 the same bytes by SM3. */
  readonly header_sm3?: string
  readonly parts_sm3?: readonly string[]
}

/** Digests of one stored segment, lower-case hex, SM3 in suite 2 alone; and its IV in base64, for a resealing recipe. */
export type StoredPart = { readonly sha256: string; readonly sm3?: string; readonly iv?: string }

const DIGEST = /^[0-9a-f]{64}$/

export async function manifestOf(header: Header, parts: readonly StoredPart[], size: number): Promise<Manifest> {
  insist(parts.length === segmentCount(size, header.ctx.seg), 'malformed', 'parts do not fit the size')
  const manifest = { v: 1, header_sha256: await headerDigest(header), parts: parts.map((part) => part.sha256), size } as const
  if (!suiteOf(header.ctx.suite).isSm) return manifest
  return { ...manifest, header_sm3: sm3Hex(headerBytes(header)), parts_sm3: parts.map((part) => part.sm3 ?? '') }
}

export function manifestBytes(manifest: Manifest): Bytes {
  return canonicalBytes(manifest)
}

export function manifestDigest(manifest: Manifest): Promise<string> {
  return sha256Hex(manifestBytes(manifest))
}

/** "ebid/1 manifest\0" ‖ M: what the bidder signs. */
export function signedManifestBytes(manifest: Manifest): Bytes {
  return concat(utf8('ebid/1 manifest\0'), manifestBytes(manifest))
}

export function signManifest(signer: Signer, manifest: Manifest): Promise<Bytes> {
  return signer.sign(signedManifestBytes(manifest))
}

export function readManifest(source: Uint8Array | string): Manifest {
  const value = parseCanonicalObject(source)
  const { parts, size } = value
  const names = Object.keys(value).sort().join()
  const twice = names === 'header_sha256,header_sm3,parts,parts_sm3,size,v'
  insist((twice || names === 'header_sha256,parts,size,v') && value.v === 1, 'malformed', 'manifest has other fields')
  insist(Array.isArray(parts) && parts.length > 0 && Number.isSafeInteger(size) && (size as number) >= 0, 'malformed', 'parts or size of the manifest')
  const sm3 = twice ? [value.header_sm3, ...(Array.isArray(value.parts_sm3) && value.parts_sm3.length === parts.length ? value.parts_sm3 : [null])] : []
  const digests = [value.header_sha256, ...(parts as readonly unknown[]), ...sm3]
  insist(digests.every((digest) => typeof digest === 'string' && DIGEST.test(digest)), 'malformed', 'not a digest')
  return value as unknown as Manifest
}

/** Refuses a manifest of another header, with parts that do not fit its size, or not signed by the certificate. */
export async function checkManifest(manifest: Manifest, header: Header, certificate: Certificate, signature: Bytes): Promise<void> {
  insist(manifest.header_sha256 === (await headerDigest(header)), 'not-authentic', 'manifest of another header')
  const { isSm } = suiteOf(header.ctx.suite)
  insist(manifest.header_sm3 === (isSm ? sm3Hex(headerBytes(header)) : undefined), 'not-authentic', 'the SM3 digests do not fit the suite')
  insist(!isSm || certificate.keyKind === 'sm2', 'not-authentic', 'in suite 2 the bidder signs by SM2')
  insist(manifest.parts.length === segmentCount(manifest.size, header.ctx.seg), 'malformed', 'parts do not fit the size')
  insist(certificate.fingerprint === header.ctx.bidder, 'not-authentic', 'another bidder than in ctx')
  insist(await signedBy(certificate, signedManifestBytes(manifest), signature), 'not-authentic', 'manifest signature does not fit')
}
