/** Releasing keys at the opening: unwrap one's own secret, check it, re-wrap it to the opening session. */
import { base64, type Bytes, concat, equal, fromBase64, sha256Hex, utf8 } from './bytes'
import { canonicalText } from './canonical'
import { complaintItem, type ComplaintItem, type ContestedShare, signComplaint, type SignedComplaint } from './complaint'
import { contextHash } from './context'
import { Fault, insist } from './faults'
import { checkBidderSecret, checkShare, type Header, wrapAddressed } from './header'
import { checkAgainstNotice, checkNotice, type OpeningNotice, type PlatformTrust, type SignedNotice } from './notice'
import type { Signer } from './signer'
import { type Suite, suiteOf } from './suites'
import { type Addressed, releaseBinding, type Role, type Sealed, sealRelease, type Unwrapper, unwrapSecrets } from './wraps'

export interface WorkItem {
  readonly bid: string
  readonly kind: string
  /** H as text. */
  readonly header: string
  /** M as text, for the bidder alone. */
  readonly manifest?: string
  readonly released: boolean
}

/** What the server asks a bidder or a custodian to do. */
export interface ReleaseWork {
  readonly role: Role
  /** A custodian's share index, from 1. */
  readonly index: number
  readonly notice: SignedNotice
  /** base64 of the raw point, P-256 or in suite 2 SM2 */
  readonly session_key: string
  readonly items: readonly WorkItem[]
}

export interface Release {
  readonly bid: string
  readonly kind: string
  readonly i: number
  readonly enc: string
  readonly ct: string
  /** S_P as well, where its bidder gives it in the place of custodians who stay away. */
  readonly custody?: Sealed
}

export interface Unreleased {
  readonly bid: string
  readonly kind: string
  readonly fault: Fault
}

export interface Releases {
  readonly notice: OpeningNotice
  readonly releases: readonly Release[]
  /** Items whose wrap did not open or did not fit its commitment; the others go on. */
  readonly unreleased: readonly Unreleased[]
  /** What a custodian has to say of them, signed; the server counts it when it judges whose fault it was. */
  readonly complaint: SignedComplaint | null
  /** Why there is no complaint although something is to be complained of: its holder did not sign. Else null. */
  readonly unsigned: unknown
  /** A bidder's signature (base64) over its releases, by the certificate whose wraps were opened; '' for a custodian. */
  readonly signature: string
}

/** What is found on the way through the items. */
interface Findings {
  readonly releases: Release[]
  readonly items: ComplaintItem[]
  readonly shares: ContestedShare[]
}

// A release carries at most so many bytes; a wrap that holds more holds no share.
const LONGEST_RELEASED = 112

/** Checks notice and stamp, then re-wraps every secret asked for. Nothing is unwrapped before the notice has passed. */
export async function releaseKeys(work: ReleaseWork, holder: Unwrapper & Signer, trust: PlatformTrust, onItem: (done: number, of: number) => void = () => undefined): Promise<Releases> {
  const notice = await checkNotice(work.notice, trust)
  insist(equal(fromBase64(work.session_key), notice.sessionKey), 'not-authentic', 'another session key than the notice says')
  insist(work.role === 'bidder' || notice.stampedAt !== null, 'too-early', 'the notice has no time stamp yet')
  const found: Findings = { releases: [], items: [], shares: [] }
  const unreleased: Unreleased[] = []
  const items = work.items.filter((item) => !item.released)
  const ready = await Promise.all(items.map((item) => prepared(item, work.role, notice, holder)))
  // All wraps in one act of their holder: a key asks for its PIN once for a lot, not once a bid.
  const opened = await unwrapSecrets(ready.filter((each): each is Ready => !(each instanceof Fault)), holder)
  for (const [done, item] of items.entries()) {
    const each = ready[done] as Ready | Fault
    const secret = each instanceof Fault ? each : opened.shift()
    try {
      found.releases.push(await rewrapped(item, each, secret as Bytes | Fault, notice.sessionKey, found))
    } catch (error) {
      unreleased.push({ bid: item.bid, kind: item.kind, fault: faultOf(error) })
    }
    onItem(done + 1, items.length)
  }
  let unsigned: unknown = null
  const complaint = await signComplaint(holder, { code: notice.code, index: work.index }, work.notice, found.items, found.shares).catch((error: unknown) => {
    if (found.releases.length === 0) throw error
    unsigned = error // shares that are sound wait for no signature
    return null
  })
  const signature = work.role === 'bidder' && found.releases.length > 0 ? await signRelease(holder, found.releases, false) : ''
  return { notice, releases: found.releases, unreleased, complaint, unsigned, signature }
}

/** Sends a custodian's shares with its complaint; where that is not taken they go without it. Answers what kept the complaint away, or null. */
export async function sendShares(post: (body: object) => Promise<unknown>, { releases, complaint, unsigned }: Releases): Promise<unknown> {
  const shares = releases.map(({ bid, kind, enc, ct }) => ({ bid, kind, enc, ct }))
  if (shares.length === 0 && complaint === null) return null
  try {
    await post({ releases: shares, complaint })
    return unsigned
  } catch (error) {
    if (complaint === null || shares.length === 0) throw error
    await post({ releases: shares, complaint: null })
    return error
  }
}

/** See bidding/opening/release_signing.py: a secret kept elsewhere never passes for the key it was wrapped to. */
export async function signRelease(signer: Signer, releases: readonly Release[], remedy: boolean): Promise<string> {
  return base64(await signer.sign(releaseBytes(releases[0]?.bid ?? '', await sealedParts(releases), remedy)))
}

/** A release as it is signed and kept in the ledger: by the digest of what was sealed to the session. */
export interface SealedPart { readonly kind: string; readonly i: number; readonly sealed_sha256: string; readonly custody_sha256?: string }

export async function sealedParts(releases: readonly Release[]): Promise<SealedPart[]> {
  const parts = await Promise.all(releases.map(async (release) => ({
    kind: release.kind, i: release.i, sealed_sha256: await digestOf(release), ...(release.custody ? { custody_sha256: await digestOf(release.custody) } : {}),
  })))
  return parts.sort((a, b) => (a.kind < b.kind ? -1 : 1))
}

const digestOf = ({ enc, ct }: Sealed): Promise<string> => sha256Hex(utf8(canonicalText({ enc, ct })))

/** What a bidder signs of its releases. */
export function releaseBytes(bid: string, parts: readonly SealedPart[], remedy: boolean): Bytes {
  const releases = parts.map(({ kind, i, sealed_sha256, custody_sha256 }) => ({ kind, i, sealed_sha256, ...(custody_sha256 === undefined ? {} : { custody_sha256 }) }))
  return concat(utf8('ebid/1 bidder-release\0'), utf8(canonicalText({ v: 1, kind: 'bidder-release', bid, remedy, releases })))
}

interface Ready extends Addressed {
  readonly suite: Suite
  readonly header: Header
}

const faultOf = (error: unknown): Fault => error instanceof Fault ? error : new Fault('not-authentic', 'the key cannot be released', { cause: error })

/** The wrap to open, once the item is what the notice says. */
async function prepared(item: WorkItem, role: Role, notice: OpeningNotice, unwrapper: Unwrapper): Promise<Ready | Fault> {
  try {
    const header = await checkAgainstNotice(notice, item.bid, item.kind, item.header)
    return { header, wrap: wrapAddressed(header, role, unwrapper.encryption.fingerprint), ch: await contextHash(header.ctx), suite: suiteOf(header.ctx.suite) }
  } catch (error) {
    return faultOf(error)
  }
}

async function rewrapped(item: WorkItem, ready: Ready | Fault, secret: Bytes | Fault, session: Bytes, found: Findings): Promise<Release> {
  if (ready instanceof Fault) throw ready
  const { header, wrap: { role, i }, ch, suite } = ready
  if (secret instanceof Fault) {
    if (role === 'custodian') found.items.push(await complaintItem(item.bid, header, null))
    throw secret
  }
  const sealed = await sealRelease(session, releaseBinding(role, i, ch), secret, suite)
  try {
    await checkSecret(header, role, i, secret)
    return { bid: item.bid, kind: item.kind, i, ...sealed }
  } catch (error) {
    if (role === 'custodian') await complain(item, header, secret, sealed, found)
    throw error
  } finally {
    secret.fill(0)
  }
}

/** A share that is not the committed one: the share itself is the evidence, for the opening session alone to read. */
async function complain(item: WorkItem, header: Header, share: Bytes, sealed: Sealed, found: Findings): Promise<void> {
  const fits = share.length <= LONGEST_RELEASED
  found.items.push(await complaintItem(item.bid, header, fits ? share : null))
  if (fits) found.shares.push({ bid: item.bid, kind: item.kind, ...sealed })
}

function checkSecret(header: Header, role: Role, i: number, secret: Bytes): Promise<void> {
  return role === 'bidder' ? checkBidderSecret(header, secret) : checkShare(header, i, secret)
}
