// Answers a challenge of the platform with the certificate at hand.
import { api } from '@/api/client'
import { base64, fromBase64 } from '@/sealing/bytes'
import { pemOf } from '@/sealing/certificate'
import type { Identity } from '@/sealing/identity'
import { type LoginChallenge, signLogin } from '@/sealing/signer'

interface Challenge { nonce: string; expires_at: string; origin: string }

export interface Shown { certificate: string; nonce: string; expires_at: string; signature: string; encryption?: string }

/**
 * The certificate, and a signature over the one-time number and *this* page's origin, never one the server names. `asPair`: with
 * the encryption half of a dual pair, where both are to be bound.
 */
export async function showIdentity(identity: Identity, asPair = false): Promise<Shown> {
  const challenge = await api.get<Challenge>('/api/login/challenge')
  const message: LoginChallenge = { origin: location.origin, nonce: fromBase64(challenge.nonce), expiresAt: challenge.expires_at }
  const half = asPair && identity.encryption !== identity.certificate ? identity.encryption : null
  const signature = await signLogin(identity, message, half)
  const shown = { certificate: pemOf(identity.certificate), nonce: challenge.nonce, expires_at: challenge.expires_at, signature: base64(signature) }
  return half === null ? shown : { ...shown, encryption: pemOf(half) }
}

/** The certificate's fingerprint as the platform writes it: hex, without the name of the digest. */
export const fingerprintOf = (identity: Identity): string => identity.certificate.fingerprint.replace(/^sha256:/, '')

export const nameOf = (identity: Identity): string => identity.certificate.subject.O ?? identity.certificate.subject.CN ?? ''
