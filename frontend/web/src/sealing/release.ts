/** Releasing keys at the opening: unwrap one's own secret, check it, re-wrap it to the opening session. */
import { type Bytes, equal, fromBase64 } from './bytes'
import { contextHash } from './context'
import { Fault, insist } from './faults'
import { checkBidderSecret, checkShare, type Header, readHeader, wrapAddressed } from './header'
import { checkAgainstNotice, checkNotice, type OpeningNotice, type PlatformTrust, type SignedNotice } from './notice'
import { hpkePublicKey, releaseBinding, type Role, sealHpke, type Unwrapper, unwrapSecret } from './wraps'

export interface WorkItem {
  readonly bid: string
  readonly kind: string
  /** H as text. */
  readonly header: string
  readonly released: boolean
}

/** What the server asks a bidder or a custodian to do. */
export interface ReleaseWork {
  readonly role: Role
  /** A custodian's share index, from 1. */
  readonly index: number
  readonly notice: SignedNotice
  /** base64 of the raw P-256 point */
  readonly session_key: string
  readonly items: readonly WorkItem[]
}

export interface Release {
  readonly bid: string
  readonly kind: string
  readonly i: number
  readonly enc: string
  readonly ct: string
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
}

/** Checks notice and stamp, then re-wraps every secret asked for. Nothing is unwrapped before the notice has passed. */
export async function releaseKeys(work: ReleaseWork, unwrapper: Unwrapper, trust: PlatformTrust, onItem: (done: number, of: number) => void = () => undefined): Promise<Releases> {
  const notice = await checkNotice(work.notice, trust)
  insist(equal(fromBase64(work.session_key), notice.sessionKey), 'not-authentic', 'another session key than the notice says')
  insist(work.role === 'bidder' || notice.stampedAt !== null, 'too-early', 'the notice has no time stamp yet')
  const session = await hpkePublicKey(notice.sessionKey)
  const releases: Release[] = []
  const unreleased: Unreleased[] = []
  for (const [done, item] of work.items.entries()) {
    try {
      releases.push(await releaseItem(item, work.role, notice, session, unwrapper))
    } catch (error) {
      unreleased.push({ bid: item.bid, kind: item.kind, fault: error instanceof Fault ? error : new Fault('not-authentic', 'the key cannot be released', { cause: error }) })
    }
    onItem(done + 1, work.items.length)
  }
  return { notice, releases, unreleased }
}

async function releaseItem(item: WorkItem, role: Role, notice: OpeningNotice, session: CryptoKey, unwrapper: Unwrapper): Promise<Release> {
  const header = readHeader(item.header)
  await checkAgainstNotice(notice, item.bid, item.kind, item.header, header)
  const wrap = wrapAddressed(header, role, unwrapper.certificate.fingerprint)
  const ch = await contextHash(header.ctx)
  const secret = await unwrapSecret(wrap, ch, unwrapper)
  try {
    await checkSecret(header, role, wrap.i, secret)
    const sealed = await sealHpke(session, releaseBinding(role, wrap.i, ch), secret)
    return { bid: item.bid, kind: item.kind, i: wrap.i, ...sealed }
  } finally {
    secret.fill(0)
  }
}

function checkSecret(header: Header, role: Role, i: number, secret: Bytes): Promise<void> {
  return role === 'bidder' ? checkBidderSecret(header, secret) : checkShare(header, i, secret)
}

