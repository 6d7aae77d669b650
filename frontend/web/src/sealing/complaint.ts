/** A custodian's signed complaint about shares that did not open or did not fit (see bidding/opening/complaints.py). */
import { base64, concat, hex, sha256Hex, utf8 } from './bytes'
import { canonicalText } from './canonical'
import { commitment } from './context'
import type { Header } from './header'
import { headerDigest } from './header'
import type { SignedNotice } from './notice'
import type { Signer } from './signer'
import { suiteOf } from './suites'
import type { Sealed } from './wraps'

export type Why = 'wrap-unopened' | 'share-mismatch'

export type ComplaintItem = {
  readonly bid: string
  readonly kind: string
  readonly header_sha256: string
  readonly why: Why
  /** Commitment (hex) of the share that the wrap held, where it opened. */
  readonly share?: string
}

/** A share that contradicts its commitment, re-wrapped to the opening session: the evidence. */
export type ContestedShare = Sealed & { readonly bid: string; readonly kind: string }

export interface SignedComplaint {
  readonly text: string
  readonly signature: string
  readonly shares: readonly ContestedShare[]
}

export async function complaintItem(bid: string, header: Header, share: Uint8Array<ArrayBuffer> | null): Promise<ComplaintItem> {
  const place = { bid, kind: header.ctx.envelope, header_sha256: await headerDigest(header) }
  return share === null ? { ...place, why: 'wrap-unopened' } : { ...place, why: 'share-mismatch', share: hex(await commitment('s', share, suiteOf(header.ctx.suite))) }
}

/** Signs the items of one custodian under one notice; null where there is nothing to complain of. */
export async function signComplaint(signer: Signer, place: { code: string; index: number }, notice: SignedNotice, items: readonly ComplaintItem[], shares: readonly ContestedShare[]): Promise<SignedComplaint | null> {
  if (items.length === 0) return null
  const text = canonicalText({ v: 1, kind: 'custodian-complaint', lot: place.code, index: place.index, notice_sha256: await sha256Hex(utf8(notice.notice)), items })
  const signature = await signer.sign(concat(utf8('ebid/1 custodian-complaint\0'), utf8(text)))
  return { text, signature: base64(signature), shares }
}
