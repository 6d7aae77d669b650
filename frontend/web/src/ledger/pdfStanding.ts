/**
 * How a certificate in a PDF stood at an instant: chain, dates, use and revocation, by the judgement that grounds go
 * through (`validity.ts`), on what the file carries. Whose roots count is the reader's to say.
 */
import * as pkijs from 'pkijs'
import type { Bytes } from '@/sealing/bytes'
import type { Certificate } from '@/sealing/certificate'
import { Fault, insist } from '@/sealing/faults'
import { mayStamp } from '@/sealing/timestamp'
import { isAuthority, type Judged, readCertificate, serialOf } from './caSignatures'
import { Undecided } from './findings'
import { type Word, wordsOf } from './revocation'
import { builtFrom, checkPath, checkUse, judgeWords, nameOf } from './validity'

export type Use = 'sign' | 'stamp'

export interface Standing {
  readonly at: Date
  /** Why it was not valid, as `validity.ts` names it, besides `no-chain` and `beyond-page`; empty where it was. */
  readonly reason: string
  /** Common name of the root that its chain leads to; empty for none. */
  readonly root: string
  /** That root is one of the reader's, not merely the file's own. */
  readonly isKnown: boolean
  /** By what it was seen not to be revoked; null where it was not seen. */
  readonly word: Word['kind'] | null
  /** When it was revoked, be it after `at`; null where no word says so. */
  readonly revokedAt: Date | null
}

/** What a PDF carries for judging by: certificates, CRLs, OCSP answers, among all streams that may be one. */
export class PaperEvidence {
  private constructor(private readonly words: readonly Bytes[], private readonly held: readonly Judged[], private readonly anchors: readonly Judged[]) {}

  /** `anchors`: roots that count for the reader. */
  static async of(words: readonly Bytes[], anchors: readonly Certificate[]): Promise<PaperEvidence> {
    const read = (ders: readonly Bytes[]): Promise<Judged[]> => Promise.all(ders.map((der) => readCertificate(der)))
    return new PaperEvidence(words, await read(words.filter(isCertificate)), await read(anchors.map((each) => each.der)))
  }

  /** `carried`: further certificates, as a signature brings them along. */
  async standing(subject: pkijs.Certificate, carried: readonly pkijs.Certificate[], at: Date, use: Use): Promise<Standing> {
    const [leaf, ...beside] = await Promise.all([subject, ...carried].map((each) => readCertificate(new Uint8Array(each.toSchema().toBER()))))
    const found = { at, reason: '', root: '', isKnown: false, word: null as Word['kind'] | null, revokedAt: null as Date | null }
    try {
      insist(leaf !== undefined, 'not-valid', 'untrusted')
      await (use === 'stamp' ? checkStamping(leaf) : checkUse(leaf, 'sign'))
      const path = await this.path(leaf, [...beside, ...this.held], at)
      const root = path.at(-1) as Judged
      found.root = nameOf(root.x509) ?? ''
      found.isKnown = this.anchors.includes(root)
      found.revokedAt = revokedIn(leaf, await this.said(path[1] ?? leaf))
      const [verdict] = await judgeWords(path, (issuer) => this.said(issuer), at.getTime(), 0)
      found.word = verdict?.word?.kind ?? null
    } catch (error) {
      found.reason = reasonOf(error)
    }
    return found
  }

  /** To a root of the reader's, else to one in the file; the first that holds, or what is wrong with the first. */
  private async path(leaf: Judged, held: readonly Judged[], at: Date): Promise<readonly Judged[]> {
    const own = held.filter(({ x509 }) => x509.issuer.isEqual(x509.subject))
    const paths = [...this.anchors, ...own].map((root) => builtFrom(leaf, [...held, root])).filter((path) => path !== null)
    let wrong: unknown = new Undecided('no-chain')
    for (const [index, path] of paths.entries()) {
      try {
        await checkPath(path, at.getTime())
        return path
      } catch (error) {
        wrong = index === 0 ? error : wrong
      }
    }
    throw wrong
  }

  private said(issuer: Judged): Promise<readonly Word[]> {
    return wordsOf(issuer, this.words, this.words)
  }
}

function isCertificate(der: Bytes): boolean {
  try {
    return pkijs.Certificate.fromBER(der).tbsView.length > 0
  } catch {
    return false
  }
}

function checkStamping({ x509 }: Judged): Promise<void> {
  insist(mayStamp(x509) && !isAuthority(x509), 'not-valid', 'usage')
  return Promise.resolve()
}

function revokedIn({ x509 }: Judged, words: readonly Word[]): Date | null {
  const told = words.flatMap((word) => word.revoked.get(serialOf(x509.serialNumber)) ?? [])
  return told.length ? new Date(Math.min(...told)) : null
}

function reasonOf(error: unknown): string {
  if (error instanceof Undecided) return error.message
  if (error instanceof Fault && error.code === 'not-valid') return error.message
  return error instanceof Fault && error.code === 'unsupported-key' ? 'beyond-page' : 'untrusted'
}
