/** Puts the libraries on the window; the browser tests play page and server around them. */
import { verifyCheckpoint, parseVerifierKey } from '@/ledger/checkpoint'
import { digestAside } from '@/sealing/aside'
import { base64, fromBase64 } from '@/sealing/bytes'
import { bodyOf } from '@/sealing/body'
import { parseCertificate } from '@/sealing/certificate'
import type { Context } from '@/sealing/context'
import { Fault } from '@/sealing/faults'
import { readHeader } from '@/sealing/header'
import { keyRelay } from '@/app/keyRelay'
import { forgetIdentity, type Identity, keepIdentity, openIdentity, recallIdentity } from '@/sealing/identity'
import { platformTrust } from '@/sealing/notice'
import { type BothSecrets, readRecipes } from '@/sealing/recipe'
import { RecipeKeeper } from '@/sealing/recipeShelf'
import { releaseKeys, type ReleaseWork } from '@/sealing/release'
import { makeAgain, releaseAgain, restoreParts } from '@/sealing/remedy'
import { pendingUploads } from '@/sealing/resume'
import { signDocument } from '@/sealing/signer'
import { tryDecryption } from '@/sealing/trial'
import { type PartUrl, type Progress, resumeUpload, startUpload, type UploadApi, type UploadHandle } from '@/sealing/upload'

interface Server {
  serverPresign(number: number, digest: string): Promise<PartUrl>
  serverParts(): Promise<{ number: number; digest: string }[]>
  serverOpen(header: string, size: number, parts: number): Promise<string>
  serverComplete(manifest: string, signature: string): Promise<void>
}
const server = window as unknown as Server

/** Parts beyond this number get no address until it is raised: a server that is slow, a tab closed in the middle. */
let lastPart = Number.POSITIVE_INFINITY
let identity: Identity | null = null
let upload: UploadHandle | null = null
const seen: Progress[] = []

const api: UploadApi = {
  openEnvelope: (header, size, parts) => server.serverOpen(header, size, parts),
  presign: async ([number = 0], [digest = '']) => {
    while (number > lastPart) await new Promise((resolve) => setTimeout(resolve, 20))
    return [await server.serverPresign(number, digest)]
  },
  listParts: () => server.serverParts(),
  complete: (manifest, signature) => server.serverComplete(manifest, signature),
}

async function options() {
  const files = document.querySelector('input')?.files
  if (!files || identity === null) throw new Error('no file or identity')
  return { api, signer: identity, chosen: await bodyOf([...files]), onProgress: (progress: Progress) => { seen.push(progress) } }
}

/** Outcome as JSON, so that a refusal's code reaches the test. */
async function told(act: () => Promise<unknown>): Promise<unknown> {
  try {
    return { ok: await act() }
  } catch (error) {
    return { refused: error instanceof Fault ? error.code : String(error), ...(error instanceof Fault && Object.keys(error.facts).length ? { facts: error.facts } : {}) }
  }
}

Object.assign(window, {
  seen,
  stopAfter: (number: number) => { lastPart = number },
  open: (p12: string, password: string) => told(async () => {
    identity = await openIdentity(new Blob([fromBase64(p12)]), password)
    return { fingerprint: identity.certificate.fingerprint, subject: identity.certificate.subject }
  }),
  sign: async (message: string) => base64(await signDocument(identity as Identity, fromBase64(message))),
  keep: () => keepIdentity(identity as Identity),
  recall: async () => {
    identity = await recallIdentity(keyRelay)
    return identity?.certificate.fingerprint ?? null
  },
  forget: forgetIdentity,
  start: (ctx: Context, bidder: string[], custodians: string[]) => told(async () => {
    const parse = (pems: string[]) => Promise.all(pems.map((pem) => parseCertificate(pem)))
    upload = startUpload({ ctx, bidder: await parse(bidder), custodians: await parse(custodians) }, await options(), { note: { lot: ctx.lot } })
    return await upload.done
  }),
  startWithRecipe: (ctx: Context, bidder: string[], custodians: string[]) => told(async () => {
    const parse = (pems: string[]) => Promise.all(pems.map((pem) => parseCertificate(pem)))
    const [own, keeper] = [await options(), await RecipeKeeper.begin('version', 1)]
    const body = await digestAside(own.chosen.body, own.onProgress)
    const keepSecrets = (header: string, both: BothSecrets) => keeper.keep(both, { of: ctx.envelope, header, body })
    upload = startUpload({ ctx, bidder: await parse(bidder), custodians: await parse(custodians), keepSecrets }, { ...own, onSent: (header, parts) => keeper.finish(header, parts) })
    await upload.done
    return await keeper.text()
  }),
  remedy: (work: ReleaseWork, roots: string[], recipe: string, held: number[]) => told(async () => {
    const { chosen, signer, onProgress } = await options()
    const made = await makeAgain(work, readRecipes(recipe), chosen.body, await platformTrust(roots), onProgress)
    for (const each of made.objects) await restoreParts(each, held, (number) => server.serverPresign(number, each.made.parts[number - 1] ?? ''), onProgress)
    return await releaseAgain(made, signer, true)
  }),
  resume: () => told(async () => {
    const [pending] = await pendingUploads()
    if (pending === undefined) throw new Error('nothing to resume')
    upload = resumeUpload(pending, await options())
    return await upload.done
  }),
  pause: () => { upload?.pause() },
  go: () => { upload?.go() },
  abort: () => { upload?.abort() },
  pending: async () => (await pendingUploads()).map((item) => ({ ...item, messageKey: (item.messageKey as CryptoKey).extractable, parts: item.parts.length, samples: item.samples?.length ?? null })),
  tryDecryption: (header: string) => told(() => tryDecryption([readHeader(header)], identity as Identity)),
  release: (work: ReleaseWork, roots: string[]) => told(async () => {
    const { releases, unreleased, notice } = await releaseKeys(work, identity as Identity, await platformTrust(roots))
    return { releases, refused: unreleased.map((item) => item.fault.code), stampedAt: notice.stampedAt?.toISOString() }
  }),
  checkpoint: (note: string, key: string) => told(async () => (await verifyCheckpoint(note, await parseVerifierKey(key))).size),
})
