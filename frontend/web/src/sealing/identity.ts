/** The identity a person works with: certificate and unexportable keys, in memory, and for this session in the browser's store. */
import { type Bytes, hex, random } from './bytes'
import { type Certificate, parseCertificate } from './certificate'
import { Fault } from './faults'
import type { KeySet } from './keys'
import type { Pkcs12Answer } from './pkcs12Worker'
import { type Signer, signWith } from './signer'
import { discard, keep, recall } from './vault'
import { openHpke, type Unwrapper } from './wraps'

export interface Identity extends Signer, Unwrapper {
  readonly certificate: Certificate
  /** The other certificates of the file (issuers). */
  readonly chain: readonly Certificate[]
  readonly keys: KeySet
}

/** Opens a PKCS#12 file in a worker that ends with the answer; the first key of several counts. */
export async function openIdentity(file: Blob, password: string): Promise<Identity> {
  const worker = new Worker(new URL('./pkcs12Worker.ts', import.meta.url), { type: 'module' })
  try {
    const bytes: Bytes = new Uint8Array(await file.arrayBuffer())
    const answer = await new Promise<Pkcs12Answer>((resolve, reject) => {
      worker.onmessage = (event: MessageEvent<Pkcs12Answer>) => { resolve(event.data) }
      worker.onerror = (event) => { reject(new Fault('malformed', event.message)) }
      worker.postMessage({ file: bytes, password }, [bytes.buffer])
    })
    if (!answer.ok) throw new Fault(answer.code, answer.message)
    return await identityOf(answer.pairs[0] as KeySet)
  } finally {
    worker.terminate()
  }
}

export async function identityOf(keys: KeySet): Promise<Identity> {
  const certificate = await parseCertificate(keys.certificate)
  const chain = await Promise.all(keys.chain.map((der) => parseCertificate(der)))
  return {
    certificate,
    chain,
    keys,
    sign: (message) => signWith(keys.sign, message),
    openHpke: (info, enc, sealed) => openHpke({ privateKey: keys.unwrap, publicKey: keys.wrap }, info, enc, sealed),
    openOaep: async (sealed) => new Uint8Array(await crypto.subtle.decrypt({ name: 'RSA-OAEP' }, keys.unwrap, sealed)),
  }
}

const KEPT = 'current'
const MARK = 'yunkai.identity'
const LONGEST = 12 * 3600 * 1000

type KeptIdentity = { readonly id: string; readonly mark: string; readonly keptAt: number; readonly keys: KeySet }

/** Keeps the identity for this browser tab's session, so that a reload does not ask for the password again. */
export async function keepIdentity(identity: Identity): Promise<void> {
  const mark = hex(random(16))
  await keep<KeptIdentity>('identities', { id: KEPT, mark, keptAt: Date.now(), keys: identity.keys })
  sessionStorage.setItem(MARK, mark)
}

/** The kept identity, or null: of another session, older than twelve hours, or never kept. */
export async function recallIdentity(): Promise<Identity | null> {
  const kept = await recall<KeptIdentity>('identities', KEPT)
  if (kept === undefined) return null
  const fresh = Date.now() - kept.keptAt < LONGEST
  if (fresh && kept.mark === sessionStorage.getItem(MARK)) return identityOf(kept.keys)
  if (!fresh) await forgetIdentity()
  return null
}

export async function forgetIdentity(): Promise<void> {
  sessionStorage.removeItem(MARK)
  await discard('identities', KEPT)
}
