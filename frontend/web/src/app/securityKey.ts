// A security key (WebAuthn) as a second factor: made beside the certificate, asked for when signing in.
import { type PublicKeyCredentialCreationOptionsJSON, type PublicKeyCredentialRequestOptionsJSON, startAuthentication, startRegistration } from '@simplewebauthn/browser'
import { api } from '@/api/client'
import { showIdentity } from '@/app/showIdentity'
import type { Identity } from '@/sealing/identity'

export interface Key { id: string; name: string; registered_at: string; used_at: string | null }
interface SignedIn { second_factor: PublicKeyCredentialRequestOptionsJSON | null }

/** Signs in with the certificate, and with the key that the platform asks for. */
export const signIn = async (identity: Identity): Promise<void> => enter(await api.post<SignedIn>('/api/login', await showIdentity(identity)))

/** Binds the successor of certificates that have all ended, of a dual pair both halves, and signs in with it. */
export const signInRenewed = async (identity: Identity): Promise<void> => enter(await api.post<SignedIn>('/api/login/renewed', await showIdentity(identity, true)))

async function enter(opened: SignedIn): Promise<void> {
  if (!opened.second_factor) return
  const credential = await startAuthentication({ optionsJSON: opened.second_factor })
  await api.post('/api/login/key', { credential: JSON.stringify(credential) })
}

/** Proves within a session who is here: the key answers a challenge made for it now. */
export async function proveByKey(): Promise<void> {
  const asked = await api.post<PublicKeyCredentialRequestOptionsJSON>('/api/login/again/key/begin')
  const credential = await startAuthentication({ optionsJSON: asked })
  await api.post('/api/login/again/key', { credential: JSON.stringify(credential) })
}

/** Confirms, by a touch of the key, the program of one's own that shows this code. */
export async function confirmProgram(code: string): Promise<void> {
  const asked = await api.post<PublicKeyCredentialRequestOptionsJSON>('/api/login/again/key/begin')
  const credential = await startAuthentication({ optionsJSON: asked })
  await api.post('/api/me/confirmations', { code, credential: JSON.stringify(credential) })
}

/** Makes a key in this browser and registers it by a signature of the certificate; with the first one the session has shown it. */
export async function registerKey(identity: Identity, name: string): Promise<Key[]> {
  const options = await api.post<PublicKeyCredentialCreationOptionsJSON>('/api/me/keys/begin')
  const credential = await startRegistration({ optionsJSON: options })
  const registered = await api.post<{ keys: Key[] }>('/api/me/keys', { ...(await showIdentity(identity)), name, credential: JSON.stringify(credential) })
  return registered.keys
}
