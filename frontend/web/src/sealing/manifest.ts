/** M, the manifest over all that is stored of a sealed object, and the bidder's signature over it. */
import { type Bytes, concat, sha256Hex, utf8 } from './bytes'
import { canonicalBytes, parseCanonicalObject } from './canonical'
import { type Certificate } from './certificate'
import { insist } from './faults'
import { segmentCount } from './floe'
import { type Header, headerDigest } from './header'
import { type Signer, signedBy } from './signer'

export type Manifest = {
  readonly v: 1
  readonly header_sha256: string
  /** SHA-256 of each stored segment, lower-case hex. */
  readonly parts: readonly string[]
  /** Plaintext bytes. */
  readonly size: number
}

const DIGEST = /^[0-9a-f]{64}$/

export async function manifestOf(header: Header, parts: readonly string[], size: number): Promise<Manifest> {
  insist(parts.length === segmentCount(size, header.ctx.seg), 'malformed', 'parts do not fit the size')
  return { v: 1, header_sha256: await headerDigest(header), parts: [...parts], size }
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
  insist(Object.keys(value).sort().join() === 'header_sha256,parts,size,v' && value.v === 1, 'malformed', 'manifest has other fields')
  insist(Array.isArray(parts) && parts.length > 0 && Number.isSafeInteger(size) && (size as number) >= 0, 'malformed', 'parts or size of the manifest')
  const digests = [value.header_sha256, ...(parts as readonly unknown[])]
  insist(digests.every((digest) => typeof digest === 'string' && DIGEST.test(digest)), 'malformed', 'not a digest')
  return value as unknown as Manifest
}

/** Refuses a manifest of another header, with parts that do not fit its size, or not signed by the certificate. */
export async function checkManifest(manifest: Manifest, header: Header, certificate: Certificate, signature: Bytes): Promise<void> {
  insist(manifest.header_sha256 === (await headerDigest(header)), 'not-authentic', 'manifest of another header')
  insist(manifest.parts.length === segmentCount(manifest.size, header.ctx.seg), 'malformed', 'parts do not fit the size')
  insist(certificate.fingerprint === header.ctx.bidder, 'not-authentic', 'another bidder than in ctx')
  insist(await signedBy(certificate, signedManifestBytes(manifest), signature), 'not-authentic', 'manifest signature does not fit')
}
