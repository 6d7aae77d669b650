/** A bidder's own backup of S_B, and the remedy of a tender document that has one, by it or by a recovery code; see frontend/cli/bid_backup.py. */
import { type Bytes, equal, fromBase64, fromHex, hex, sha256Hex, utf8 } from './bytes'
import { isObject, type Json } from './canonical'
import { contextHash } from './context'
import { Fault, insist } from './faults'
import { checkBidderSecret, type Header } from './header'
import { checkAgainstNotice, checkNotice, type PlatformTrust } from './notice'
import { unwrapUnder } from './recovery'
import { type Release, type ReleaseWork, signRelease } from './release'
import type { Signer } from './signer'
import { suiteOf } from './suites'
import { releaseBinding, sealRelease } from './wraps'

const KIND = 'ebid-key-backup'

/** Takes S_B of each object as it is sealed. It opens nothing without the custodians, and is kept like a key all the same. */
export class KeyBackup {
  readonly #secrets: Record<string, string> = {}

  /** `whole` hears when all `count` objects of a bid are in it, which is before the last of them has been uploaded. */
  constructor(private readonly count: number, private readonly whole: () => void) {}

  keep(headerDigest: string, secret: Bytes): void {
    this.#secrets[headerDigest] = hex(secret)
    if (Object.keys(this.#secrets).length === this.count) this.whole()
  }

  /** The file's text. `lot`: its code. */
  text(lot: string): string {
    return JSON.stringify({ v: 1, kind: KIND, lot, secrets: this.#secrets })
  }
}

/** S_B by the digest of its header; refuses what is no backup. */
export function readBackup(text: string): Map<string, Bytes> {
  try {
    const value = JSON.parse(text) as Json
    insist(isObject(value) && value.kind === KIND && isObject(value.secrets), 'malformed', 'not a key backup')
    return new Map(Object.entries(value.secrets).map(([digest, secret]) => [digest, fromHex(String(secret))]))
  } catch (cause) {
    throw new Fault('malformed', 'not a key backup', { cause })
  }
}

/** Where S_B of an object comes from, when it does not come from a wrap. */
export type SecretOf = (header: Header, digest: string) => Promise<Bytes>

/** From a backup that `readBackup` read. */
export const fromBackup = (backup: ReadonlyMap<string, Bytes>): SecretOf => (_, digest) => {
  const secret = backup.get(digest)
  return secret === undefined ? Promise.reject(new Fault('not-addressed', 'this backup was made for another bid')) : Promise.resolve(secret)
}

/** By a recovery code; refuses an object that was sealed without one, and the code of another bid. */
export const underCode = (code: string): SecretOf => async (header) => {
  if (header.recovery === undefined) throw new Fault('no-recovery', 'sealed without a recovery code')
  return unwrapUnder(code, header.recovery, await contextHash(header.ctx))
}

/** The releases of all objects of the bid, each secret checked against the sealed header and the signed notice. */
export async function releaseAsRemedy(work: ReleaseWork, secretOf: SecretOf, signer: Signer, trust: PlatformTrust): Promise<{ releases: Release[]; signature: string }> {
  const notice = await checkNotice(work.notice, trust)
  insist(equal(fromBase64(work.session_key), notice.sessionKey), 'not-authentic', 'another session key than the notice says')
  const releases: Release[] = []
  for (const item of work.items) {
    const header = await checkAgainstNotice(notice, item.bid, item.kind, item.header)
    const secret = await secretOf(header, await sha256Hex(utf8(item.header)))
    await checkBidderSecret(header, secret)
    const sealed = await sealRelease(notice.sessionKey, releaseBinding('bidder', 0, await contextHash(header.ctx)), secret, suiteOf(header.ctx.suite))
    releases.push({ bid: item.bid, kind: item.kind, i: 0, ...sealed })
  }
  return { releases, signature: await signRelease(signer, releases, true) }
}
