/**
 * The remedy by plaintext: a bidder's own files, sealed again to the bytes that it signed; see
 * frontend/cli/bid_restoring.py. Nothing is claimed before every object of the envelope that is being opened was made
 * again here and is, part by part, that of the signed manifest.
 */
import { digestAside, makeAside, type Presign } from './aside'
import { type Bytes, equal, fromBase64, sha256Hex, utf8 } from './bytes'
import { contextHash, envelopeOf } from './context'
import { openWhole } from './envelope'
import { insist } from './faults'
import { plainSegment, segmentCount } from './floe'
import { type Header } from './header'
import { type Manifest, readManifest } from './manifest'
import { checkAgainstNotice, checkNotice, type OpeningNotice, type PlatformTrust } from './notice'
import { type Progress, ProgressMeter } from './progress'
import type { AgainMessage } from './protocol'
import { type BothSecrets, type KeptRecipe, unlockRecipe } from './recipe'
import { type Release, type ReleaseWork, signRelease, type WorkItem } from './release'
import type { Signer } from './signer'
import { suiteOf } from './suites'
import { releaseBinding, sealRelease } from './wraps'

type OnProgress = (progress: Progress) => void

/** One object made again: where it belongs, its secrets, and all that its parts are made of. */
export interface Again extends BothSecrets {
  readonly item: WorkItem
  readonly header: Header
  readonly made: Omit<AgainMessage, 'type' | 'send'>
}

export interface Remade {
  readonly notice: OpeningNotice
  readonly objects: readonly Again[]
}

/** An object as the platform has it: header and manifest are those of the signed notice. */
interface Held { readonly item: WorkItem; readonly header: Header; readonly manifest: Manifest; readonly kept: KeptRecipe; readonly digest: string }

/** All objects, compared part by part. `recipes`: the file's entries; `body`: what `bodyOf` makes of the chosen files. */
export async function makeAgain(work: ReleaseWork, recipes: ReadonlyMap<string, KeptRecipe>, body: Blob, trust: PlatformTrust, onProgress: OnProgress): Promise<Remade> {
  const notice = await checkNotice(work.notice, trust)
  insist(equal(fromBase64(work.session_key), notice.sessionKey), 'not-authentic', 'another session key than the notice says')
  const held = await Promise.all(work.items.map((item) => heldBy(item, notice, recipes)))
  for (const { item, manifest } of held) {
    if (isBody(item)) insist(body.size === manifest.size, 'other-size', 'another size than what was sealed', { found: body.size, sealed: manifest.size })
  }
  const digest = await digestAside(body, onProgress)
  const objects: Again[] = []
  for (const each of held) objects.push(await again(each, body, digest, onProgress))
  return { notice, objects }
}

async function heldBy(item: WorkItem, notice: OpeningNotice, recipes: ReadonlyMap<string, KeptRecipe>): Promise<Held> {
  const header = await checkAgainstNotice(notice, item.bid, item.kind, item.header)
  const [manifest, digest] = [readManifest(item.manifest ?? ''), await sha256Hex(utf8(item.header))]
  const listed = notice.bids.find(({ bid }) => bid === item.bid)?.manifests[item.kind]
  insist(listed === await sha256Hex(utf8(item.manifest ?? '')) && manifest.header_sha256 === digest, 'not-authentic', 'another manifest than the notice commits to')
  const kept = recipes.get(digest)
  insist(kept?.nonces !== undefined, 'recipe-of-another', 'the recipe does not hold this object')
  return { item, header, manifest, kept, digest }
}

async function again({ item, header, manifest, kept, digest }: Held, chosen: Blob, body: Bytes, onProgress: OnProgress): Promise<Again> {
  const { ivs, statement, ...both } = await unlockRecipe(kept, digest, body)
  const content = isBody(item) ? chosen : new Blob([statement])
  insist(content.size === manifest.size, 'other-size', 'another size than what was sealed', { found: content.size, sealed: manifest.size })
  const count = segmentCount(manifest.size, header.ctx.seg)
  insist(ivs.length === count && manifest.parts.length === count, 'recipe-of-another', 'the recipe has other segments')
  const { messageKey } = await openWhole(header, both.bidder, both.custody)
  const made = { body: content, messageKey, header: item.header, ivs, parts: manifest.parts }
  const meter = new ProgressMeter(content.size, isBody(item) ? onProgress : () => undefined, 'comparing')
  meter.begin(header.ctx.seg)
  await makeAside({ type: 'again', ...made, send: null }, meter)
  return { item, header, ...both, made }
}

/** S_B of every object, and with `alone` S_P as well, sealed to the opening session, signed as a remedy. */
export async function releaseAgain({ notice, objects }: Remade, signer: Signer, alone: boolean): Promise<{ releases: Release[]; signature: string }> {
  insist(!alone || notice.stampedAt !== null, 'too-early', 'the notice has no time stamp yet')
  const releases = await Promise.all(objects.map(async ({ item, header, bidder, custody }): Promise<Release> => {
    const [ch, suite] = [await contextHash(header.ctx), suiteOf(header.ctx.suite)]
    const own = await sealRelease(notice.sessionKey, releaseBinding('bidder', 0, ch), bidder, suite)
    // Shares are values at 1 … n, and S_P itself is that at 0.
    return { bid: item.bid, kind: item.kind, i: 0, ...own, ...(alone ? { custody: await sealRelease(notice.sessionKey, releaseBinding('custodian', 0, ch), custody, suite) } : {}) }
  }))
  return { releases, signature: await signRelease(signer, releases, true) }
}

/** Sends those parts again that the store does not hold; `held`: numbers of parts, from 1. */
export async function restoreParts({ header, made }: Again, held: readonly number[], presign: Presign, onProgress: OnProgress): Promise<void> {
  const missing = made.parts.map((_, at) => at + 1).filter((number) => !held.includes(number))
  const bytes = missing.reduce((sum, number) => sum + Math.min(plainSegment(header.ctx.seg), made.body.size - (number - 1) * plainSegment(header.ctx.seg)), 0)
  const meter = new ProgressMeter(bytes, onProgress, 'restoring')
  meter.begin(header.ctx.seg)
  await makeAside({ type: 'again', ...made, send: missing }, meter, presign)
}

const isBody = ({ kind }: WorkItem): boolean => envelopeOf(kind) === kind
