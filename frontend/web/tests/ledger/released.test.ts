/** Who released a bid, judged again from what the ledger keeps of the release. */
import { beforeAll, describe, expect, it } from 'vitest'
import { checkReleased } from '@/ledger/bundleBid'
import { type BundleBid, type Ground } from '@/ledger/bundleShape'
import { base64 } from '@/sealing/bytes'
import { canonicalText, type JsonObject } from '@/sealing/canonical'
import { type Context } from '@/sealing/context'
import { seal } from '@/sealing/envelope'
import { type Identity, identityOf } from '@/sealing/identity'
import { type KeySet } from '@/sealing/keys'
import { openPkcs12 } from '@/sealing/pkcs12'
import { releaseBytes, type SealedPart, sealedParts, signRelease } from '@/sealing/release'
import { Pki } from '../pki'

const pki = new Pki()
const people = new Map<string, Identity>()
const kinds: Context['envelope'][] = ['whole', 'whole/statement']
const releases = kinds.map((kind) => ({ bid: 'bid-1', kind, i: 0, enc: 'AA==', ct: 'AA==' }))

function person(name: string): Identity {
  return people.get(name) as Identity
}

async function header(kind: Context['envelope']): Promise<string> {
  const { certificate } = person('bidder')
  const custodians = [person('agency').certificate]
  const ctx: Context = { tender: 'E3207', lot: 'E3207001', round: 1, bidder: certificate.fingerprint, version: 1, envelope: kind, opens_at: '2026-01-01T01:00:00Z', suite: 1, seg: 1024, k: 1, n: 1, custodians: custodians.map((each) => each.fingerprint) }
  return canonicalText((await seal({ ctx, bidder: [certificate], custodians })).header)
}

describe('a release in an exported lot', () => {
  beforeAll(async () => {
    for (const name of ['bidder', 'agency']) {
      pki.issue(name, 'ec', `/CN=${name}`)
      people.set(name, await identityOf((await openPkcs12(pki.pkcs12(name, 'p'), 'p'))[0] as KeySet))
    }
  })

  it('is signed, of both envelopes, and by whom it was sealed to unless it is a remedy (R-144)', async () => {
    const envelopes = await Promise.all(kinds.map(async (kind) => ({ kind, header: await header(kind) })))
    const bid = { bid: 'bid-1', envelopes } as unknown as BundleBid
    const bare = (name: string): string => person(name).certificate.fingerprint.slice(7)
    const certificates = Object.fromEntries([...people.keys()].map((name) => [bare(name), pki.pem(name)]))
    const judged = async (by: string, remedy = false, change: JsonObject = {}): Promise<void> => {
      const payload: JsonObject = { bid: 'bid-1', remedy, certificate: bare(by), signature: await signRelease(person(by), releases, remedy), releases: (await sealedParts(releases)) as unknown as JsonObject[], ...change }
      await checkReleased(bid, { acts: new Map([['bid.released', [payload]]]), certificates, envelope: 'whole' })
    }
    // S_P from the bidder itself, which counts only under its signature, as a remedy of the document.
    const alone = async (given: readonly boolean[], remedy: boolean, clause = 'backup', signed = given): Promise<void> => {
      const parts = async (has: readonly boolean[]): Promise<SealedPart[]> => (await sealedParts(releases)).map((part, place) => (has[place] ? { ...part, custody_sha256: '00'.repeat(32) } : part))
      const signature = base64(await person('agency').sign(releaseBytes('bid-1', await parts(signed), remedy)))
      const payload: JsonObject = { bid: 'bid-1', remedy, certificate: bare('agency'), signature, releases: (await parts(given)) as unknown as JsonObject[] }
      const opened = { ...bid, secrets: { kind: 'whole/statement', s_b: '', shares: {}, s_p: '' } }
      await checkReleased(opened, { acts: new Map([['bid.released', [payload]]]), certificates, envelope: 'whole', lot: { remedy: clause } as Ground['lot'] })
    }
    await alone([true, true], true)
    await expect(alone([true, true], true, 'none')).rejects.toThrow('a remedy that the tender document does not have')
    await expect(alone([true, true], true, 'backup', [false, false])).rejects.toThrow('the release is not signed')
    await expect(alone([true, true], false)).rejects.toThrow('the custody secret of a release that is no remedy')
    await expect(alone([true, false], true)).rejects.toThrow('the custody secret of a release that is no remedy')
    await expect(alone([false, false], true)).rejects.toThrow('a custody secret that its bidder did not give')
    await judged('bidder')
    await judged('agency', true)
    await expect(judged('agency')).rejects.toThrow('released by another than it was sealed to')
    await expect(judged('bidder', false, { remedy: true })).rejects.toThrow('the release is not signed')
    await expect(judged('bidder', false, { releases: [] })).rejects.toThrow('a release of other envelopes')
    await expect(judged('bidder', false, { bid: 'bid-2' })).rejects.toThrow('the ledger holds no release of this bid')
  })
})
