/** The identity a person works with: certificates and a way to the keys, in memory, and for this session in the browser's store. */
import { agentCarrier } from './agent'
import { type Bytes, hex, random } from './bytes'
import { type Certificate, parseCertificate } from './certificate'
import { Fault } from './faults'
import { fileStore, type KeyPair, type KeyStore, type KeyWay } from './keyStore'
import { phoneCarrier, type RelayApi, type Tie } from './phone'
import type { Keys } from './pkcs12'
import type { Pkcs12Answer } from './pkcs12Worker'
import { remoteStore } from './questions'
import type { Signer } from './signer'
import { smStore } from './smKeys'
import { discard, keep, recall } from './vault'
import type { Unwrapper } from './wraps'

export interface Identity extends Signer, Unwrapper {
  readonly way: KeyWay
  readonly certificate: Certificate
  readonly encryption: Certificate
  readonly chain: readonly Certificate[]
  /** What the browser's store keeps so that a reload finds the keys again; nothing that could be exported. */
  readonly kept: Kept
}

/** Certificates as the browser's store keeps them: DER. */
export interface KeptPair {
  readonly certificate: Bytes
  readonly encryption: Bytes
  readonly chain: readonly Bytes[]
}

export type Kept =
  | { readonly way: 'file'; readonly keys: Keys }
  | { readonly way: 'agent'; readonly pair: KeptPair; readonly address: string; readonly token: string }
  | { readonly way: 'phone'; readonly pair: KeptPair; readonly tie: Tie | null }

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
    return await identityOf(answer.pairs[0] as Keys)
  } finally {
    worker.terminate()
  }
}

/** Identities whose keys the program of a USB key holds; asks it once. */
export async function agentIdentities(address: string, token: string): Promise<Identity[]> {
  const store = remoteStore(agentCarrier(address, token))
  return (await store.list()).map((pair) => identityFrom(store, pair, { way: 'agent', pair: keptPair(pair), address, token }))
}

/** Identities whose keys a telephone holds; shows a code, and asks it once. */
export async function phoneIdentities(relay: RelayApi): Promise<Identity[]> {
  let tie: Tie | null = null
  const store = remoteStore(phoneCarrier(relay, null, (fresh) => { tie = fresh }))
  return (await store.list()).map((pair) => identityFrom(store, pair, { way: 'phone', pair: keptPair(pair), tie }))
}

/** The identity of keys in this browser. */
export async function identityOf(keys: Keys): Promise<Identity> {
  const store = 'signBox' in keys ? smStore(keys) : fileStore(keys)
  const [pair] = await store.list()
  return identityFrom(store, pair as KeyPair, { way: 'file', keys })
}

async function identityOfKept(kept: Kept, relay: RelayApi): Promise<Identity> {
  if (kept.way === 'file') return identityOf(kept.keys)
  const carrier = kept.way === 'agent' ? agentCarrier(kept.address, kept.token) : phoneCarrier(relay, kept.tie)
  const { certificate, encryption, chain } = kept.pair
  const pair = { certificate: await parseCertificate(certificate), encryption: await parseCertificate(encryption), chain: await Promise.all(chain.map((der) => parseCertificate(der))) }
  return identityFrom(remoteStore(carrier), pair, kept)
}

const keptPair = ({ certificate, encryption, chain }: KeyPair): KeptPair => ({ certificate: certificate.der, encryption: encryption.der, chain: chain.map(({ der }) => der) })

function identityFrom(store: KeyStore, pair: KeyPair, kept: Kept): Identity {
  return {
    ...pair,
    way: store.way,
    kept,
    sign: async (message) => {
      const [signature] = await store.sign(pair, [message])
      if (signature === undefined) throw new Fault('not-authentic', 'no signature came back')
      return signature
    },
    unwrap: (locked) => store.unwrap(pair, locked),
  }
}

const KEPT = 'current'
const MARK = 'yunkai.identity'
const LONGEST = 12 * 3600 * 1000

type KeptIdentity = { readonly id: string; readonly mark: string; readonly keptAt: number; readonly kept: Kept }

/** Keeps the identity for this browser tab's session, so that a reload does not ask for the password again. */
export async function keepIdentity(identity: Identity): Promise<void> {
  const mark = hex(random(16))
  await keep<KeptIdentity>('identities', { id: KEPT, mark, keptAt: Date.now(), kept: identity.kept })
  sessionStorage.setItem(MARK, mark)
}

/** The kept identity, or null: of another session, older than twelve hours, or never kept. */
export async function recallIdentity(relay: RelayApi): Promise<Identity | null> {
  const kept = await recall<KeptIdentity>('identities', KEPT)
  if (kept === undefined) return null
  const fresh = Date.now() - kept.keptAt < LONGEST
  if (fresh && kept.mark === sessionStorage.getItem(MARK)) return identityOfKept(kept.kept, relay)
  if (!fresh) await forgetIdentity()
  return null
}

export async function forgetIdentity(): Promise<void> {
  sessionStorage.removeItem(MARK)
  await discard('identities', KEPT)
}
