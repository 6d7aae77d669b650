/** SM2 keys of a dual pair. WebCrypto knows no SM2: the keys are boxed, and act in a worker that ends with its answer. */
import { boxed, type Boxed, unboxed } from './boxed'
import { type Bytes, concat, equal } from './bytes'
import { type Certificate, isPair, parseCertificate, sm2PointOf } from './certificate'
import { Fault } from './faults'
import type { KeyStore } from './keyStore'
import { decryptSm2, signSm2, type Sm2Key, sm2KeyOf } from './sm2'

/** Certificates in DER and boxed keys: what the worker of a file hands over, and the browser's store may keep. */
export interface SmKeySet {
  readonly certificate: Bytes
  /** The other half, to which secrets are wrapped; null where the file holds a signing half alone. */
  readonly encryption: Bytes | null
  readonly chain: readonly Bytes[]
  readonly signBox: Boxed
  readonly unwrapBox: Boxed | null
}

/** What is done with a boxed key, wherever it is unboxed. */
export interface SmActs {
  sign(box: Boxed, messages: readonly Bytes[]): Promise<Bytes[]>
  decrypt(box: Boxed, sealed: readonly Bytes[]): Promise<(Bytes | null)[]>
}

/** The acts where this runs: in the worker. */
export const smActs: SmActs = {
  sign: async (box, messages) => { const key = await keyIn(box); return messages.map((message) => signSm2(key, message)) },
  decrypt: async (box, sealed) => { const key = await keyIn(box); return sealed.map((each) => decryptSm2(key, each)) },
}

/** The dual pairs among keys and certificates of a file; signing halves first, each with its encryption half. */
export async function pairSmKeys(privateKeys: readonly Bytes[], certificates: readonly Bytes[]): Promise<SmKeySet[]> {
  const keys = privateKeys.map((pkcs8) => sm2KeyOf(pkcs8)).filter((key) => key !== null)
  const parsed = await Promise.all(certificates.map((der) => parseCertificate(der)))
  const held = parsed.flatMap((certificate) => {
    const key = certificate.keyKind === 'sm2' ? keys.find((each) => equal(each.point, sm2PointOf(certificate))) : undefined
    return key === undefined ? [] : [{ certificate, key }]
  })
  const chain = parsed.filter((each) => !held.some(({ certificate }) => certificate === each)).map(({ der }) => der)
  return Promise.all(held.filter(({ certificate }) => certificate.signs).map(async ({ certificate, key }) => {
    const other = held.find((each) => isPair(certificate, each.certificate))
    return { certificate: certificate.der, encryption: other?.certificate.der ?? null, chain, signBox: await boxOf(key), unwrapBox: other ? await boxOf(other.key) : null }
  }))
}

export function smStore(keys: SmKeySet, acts: SmActs = inWorker): KeyStore {
  return {
    way: 'file',
    list: async () => {
      const certificate = await parseCertificate(keys.certificate)
      const encryption: Certificate = keys.encryption === null ? certificate : await parseCertificate(keys.encryption)
      return [{ certificate, encryption, chain: await Promise.all(keys.chain.map((der) => parseCertificate(der))) }]
    },
    sign: (_, messages) => acts.sign(keys.signBox, messages),
    unwrap: async (_, locked) => {
      const { unwrapBox } = keys
      if (unwrapBox === null) throw new Fault('no-key', 'the file holds no encryption key')
      return acts.decrypt(unwrapBox, locked.map(({ ct }) => ct))
    },
  }
}

export type SmRequest =
  | { readonly act: 'sign'; readonly box: Boxed; readonly inputs: readonly Bytes[] }
  | { readonly act: 'decrypt'; readonly box: Boxed; readonly inputs: readonly Bytes[] }

const inWorker: SmActs = {
  sign: async (box, inputs) => (await ask({ act: 'sign', box, inputs })).filter((each) => each !== null),
  decrypt: (box, inputs) => ask({ act: 'decrypt', box, inputs }),
}

async function ask(request: SmRequest): Promise<(Bytes | null)[]> {
  const worker = new Worker(new URL('./smWorker.ts', import.meta.url), { type: 'module' })
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = (event: MessageEvent<(Bytes | null)[] | null>) => {
        if (event.data === null) reject(new Fault('wrong-key', 'the key cannot act'))
        else resolve(event.data)
      }
      worker.onerror = (event) => { reject(new Fault('malformed', event.message)) }
      worker.postMessage(request)
    })
  } finally {
    worker.terminate()
  }
}

const boxOf = ({ scalar, point }: Sm2Key): Promise<Boxed> => boxed(concat(scalar, point))

async function keyIn(box: Boxed): Promise<Sm2Key> {
  const bytes = await unboxed(box)
  return { scalar: bytes.slice(0, 32), point: bytes.slice(32) }
}
