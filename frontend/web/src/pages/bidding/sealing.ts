// From the page to the store: the server's calls as the upload library wants them, one envelope after the other.
import { api } from '@/api/client'
import { saveAs } from '@/app/ledgerWords'
import type { KeyBackup } from '@/sealing/backup'
import type { Bytes } from '@/sealing/bytes'
import { type Certificate, parseCertificate } from '@/sealing/certificate'
import { envelopeOf, readContext } from '@/sealing/context'
import type { Identity } from '@/sealing/identity'
import { readHeader } from '@/sealing/header'
import type { BothSecrets } from '@/sealing/recipe'
import { RecipeKeeper } from '@/sealing/recipeShelf'
import { tryDecryption } from '@/sealing/trial'
import { type PendingUpload, type Progress, resumeUpload, startUpload, type UploadApi, type UploadHandle, type UploadOptions, type Chosen } from '@/sealing/upload'
import type { Desk, EnvelopeView, ReceiptView, VersionView } from './types'

/** The server as one upload sees it; bound to an envelope that exists when an upload is taken up again. */
export function uploadApi(versionId: string, kind: string, known?: string): UploadApi {
  let envelope = known ?? ''
  return {
    openEnvelope: async (header, size, parts) => {
      const opened = await api.post<EnvelopeView>(`/api/bid-versions/${versionId}/envelopes`, { kind, header, size, parts })
      envelope = opened.id
      return envelope
    },
    presign: (numbers, digests) => api.post(`/api/envelopes/${envelope}/parts`, { parts: numbers.map((number, at) => ({ number, sha256: digests[at] })) }),
    listParts: async () => {
      const now = await api.get<{ uploaded?: { number: number; sha256: string | null }[] }>(`/api/envelopes/${envelope}`)
      return (now.uploaded ?? []).filter((part) => part.sha256).map((part) => ({ number: part.number, digest: part.sha256 ?? '' }))
    },
    complete: async (manifest, signature) => { await api.post(`/api/envelopes/${envelope}/complete`, { manifest, signature }) },
  }
}

/** What else opens a bid, where its bidder wants it and the tender document has a remedy. `body`: SHA-256 of the envelope's body. */
export interface Remedy { readonly keep?: KeyBackup | undefined; readonly code?: string | undefined; readonly recipe?: { readonly keeper: RecipeKeeper; readonly body: Bytes } | undefined }

/** Seals and sends one envelope. The bidder's own certificate comes first, a second one as backup. */
export async function sendEnvelope(desk: Desk, version: VersionView, kind: string, chosen: Chosen, identity: Identity, onProgress: (progress: Progress) => void, { keep, code, recipe }: Remedy = {}): Promise<UploadHandle> {
  const ctx = readContext(version.contexts?.[kind])
  const custodians = await Promise.all(desk.requirements.custodians.map((custodian) => parseCertificate(custodian.certificate_pem)))
  const backup = await backupFor(desk, identity)
  const isBody = envelopeOf(kind) === kind
  const statement = recipe && !isBody ? new Uint8Array(await chosen.body.arrayBuffer()) : undefined
  const keepSecrets = async (header: string, both: BothSecrets): Promise<void> => {
    keep?.keep(header, both.bidder)
    await recipe?.keeper.keep(both, { of: kind, header, body: recipe.body, ...(statement ? { statement } : {}) })
  }
  return startUpload({ ctx, bidder: [identity.encryption, ...backup], custodians, keepSecrets, ...(code === undefined ? {} : { code }) },
    { api: uploadApi(version.id, kind), signer: identity, chosen, onProgress, onSent: finishing(recipe?.keeper) },
    { resumable: isBody, note: { lot: desk.requirements.lot.id, version: version.id, kind } })
}

/** Another certificate of the bidder that takes seals: no signing half of a pair, and in suite 2 an SM2 one. */
async function backupFor({ requirements }: Desk, identity: Identity): Promise<Certificate[]> {
  const takes = requirements.certificates.filter((own) => own.key_kind !== 'sm2' || own.signing !== null)
  const other = takes.find((own) => `sha256:${own.fingerprint}` !== identity.encryption.fingerprint && (requirements.suite === 1 || own.key_kind === 'sm2'))
  return other === undefined ? [] : [await parseCertificate(other.pem)]
}

export const goOn = (pending: PendingUpload, chosen: Chosen, identity: Identity, onProgress: (progress: Progress) => void, keeper: RecipeKeeper | null): UploadHandle =>
  resumeUpload(pending, { api: uploadApi(String(pending.note.version), String(pending.note.kind), pending.id), signer: identity, chosen, onProgress, onSent: finishing(keeper) })

const finishing = (keeper: RecipeKeeper | null | undefined): UploadOptions['onSent'] => keeper ? (header, parts) => keeper.finish(header, parts) : undefined

/** Saves the recipe of a version as a file, beside the files it makes again; false where this browser has no whole one. */
export async function saveRecipe(version: string, lot: string): Promise<boolean> {
  const text = await (await RecipeKeeper.of(version))?.text() ?? null
  if (text !== null) saveAs(`${lot}-recipe.json`, text, 'application/json')
  return text !== null
}

/** Waits until the platform has read the object back and checked every part. */
export async function untilChecked(envelopeId: string, onStep: (envelope: EnvelopeView) => void): Promise<EnvelopeView> {
  for (;;) {
    const envelope = await api.get<EnvelopeView>(`/api/envelopes/${envelopeId}`)
    onStep(envelope)
    if (envelope.state === 'checked' || envelope.state === 'failed') return envelope
    await new Promise((resolve) => { setTimeout(resolve, 400) })
  }
}

/** Trial decryption with the very key, on the very sealed objects, revealing nothing (experience 4). */
export async function tryVersion(version: VersionView, identity: Identity): Promise<void> {
  const sealed = await Promise.all(version.envelopes.map((envelope) => api.get<{ header: string }>(`/api/envelopes/${envelope.id}/sealed`)))
  await tryDecryption(sealed.map(({ header }) => readHeader(header)), identity)
  await api.post(`/api/bid-versions/${version.id}/trial`, { result: 'ok' })
}

/** The receipt as a file that verifies without us, with its ledger proof as soon as there is one. */
export async function saveReceipt(number: string): Promise<void> {
  saveAs(`${number}.json`, JSON.stringify(await api.get<ReceiptView>(`/api/receipts/${number}`), null, 1), 'application/json')
}
