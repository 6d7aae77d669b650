import { beforeAll, describe, expect, it } from 'vitest'
import { base64, concat, fromBase64, hex, sha256Hex, utf8 } from '@/sealing/bytes'
import { canonicalText, type JsonObject } from '@/sealing/canonical'
import { fromBackup, KeyBackup, readBackup, releaseAsRemedy } from '@/sealing/backup'
import { type Certificate, parseCertificate } from '@/sealing/certificate'
import { type ComplaintItem, type SignedComplaint } from '@/sealing/complaint'
import { commitment, type Context, contextHash } from '@/sealing/context'
import { openEnvelope, openWhole, seal } from '@/sealing/envelope'
import { Fault } from '@/sealing/faults'
import { type Header } from '@/sealing/header'
import { type Identity, identityOf } from '@/sealing/identity'
import { type KeySet } from '@/sealing/keys'
import { checkNotice, type PlatformTrust, platformTrust, type SignedNotice } from '@/sealing/notice'
import { openPkcs12 } from '@/sealing/pkcs12'
import { releaseKeys, type ReleaseWork, sendShares } from '@/sealing/release'
import { signDocument, signedBy } from '@/sealing/signer'
import { checkChain, readTimestamp } from '@/sealing/timestamp'
import { openHpke, releaseBinding, type Role, type Wrap } from '@/sealing/wraps'
import { type KeySort, Pki } from '../pki'

type Bytes = Uint8Array<ArrayBuffer>

const pki = new Pki()
const people: Record<string, Identity> = {}
const sorts: [string, KeySort][] = [['bidder', 'rsa'], ['tenderee', 'ec'], ['agency', 'rsa'], ['supervisor', 'ec'], ['platform', 'ec']]
const past = '2026-01-01T01:00:00Z'
let trust: PlatformTrust
let session: CryptoKeyPair
let sessionKey: string

function person(name: string): Identity {
  return people[name] as Identity
}

function context(kind: Context['envelope'], opensAt = past): Context {
  const custodians = ['tenderee', 'agency', 'supervisor'].map((name) => person(name).certificate.fingerprint)
  return { tender: 'E3207', lot: 'E3207001', round: 1, bidder: person('bidder').certificate.fingerprint, version: 1, envelope: kind, opens_at: opensAt, suite: 1, seg: 1024, k: 2, n: 3, custodians }
}

/** By which a release is signed and kept. */
async function digestOf({ enc, ct }: { enc: string; ct: string }): Promise<string> {
  return await sha256Hex(utf8(canonicalText({ enc, ct })))
}

async function sealed(kind: Context['envelope'], opensAt = past): Promise<Header> {
  const custodians = ['tenderee', 'agency', 'supervisor'].map((name) => person(name).certificate)
  return (await seal({ ctx: context(kind, opensAt), bidder: [person('bidder').certificate], custodians })).header
}

async function noticeOf(header: Header, change: JsonObject = {}): Promise<string> {
  const headers = { [header.ctx.envelope]: await sha256Hex(utf8(canonicalText(header))) }
  const bid = { bid: 'bid-1', version: 1, certificate: header.ctx.bidder.slice(7), headers, manifests: {} }
  return canonicalText({ v: 1, kind: 'opening-notice', lot: 'lot-1', code: 'E3207001', opens_at: '2026-01-01T01:00:00.000000Z', opened_at: '2026-01-01T01:00:00.120000Z', set_sha256: '0'.repeat(64), count: 1, session_key: sessionKey, bids: [bid], ...change })
}

async function signed(notice: string, stamped = true, signer = person('platform')): Promise<SignedNotice> {
  const value = base64(await signDocument(signer, concat(utf8('ebid/1 opening-notice\0'), utf8(notice))))
  const signature = { value, chain: [pki.pem('platform'), pki.pem('root')] }
  return { notice, signature, token: stamped ? base64(pki.stamp('tsa', utf8(notice))) : null }
}

async function workFor(role: Role, header: Header, notice: SignedNotice): Promise<ReleaseWork> {
  const items = [{ bid: 'bid-1', kind: header.ctx.envelope, header: canonicalText(header), released: false }]
  return { role, index: 1, notice, session_key: sessionKey, items }
}

beforeAll(async () => {
  for (const [name, sort] of sorts) {
    pki.issue(name, sort, `/CN=${name}`)
    people[name] = await identityOf((await openPkcs12(pki.pkcs12(name, 'p'), 'p'))[0] as KeySet)
  }
  pki.issue('tsa', 'ec', '/CN=Test TSA', 'tsa')
  trust = await platformTrust([pki.pem('root')])
  session = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']) as CryptoKeyPair
  sessionKey = base64(new Uint8Array(await crypto.subtle.exportKey('raw', session.publicKey)))
})

async function released(role: Role, who: string, header: Header): Promise<Bytes> {
  const work = await workFor(role, header, await signed(await noticeOf(header)))
  const { releases, unreleased } = await releaseKeys(work, person(who), trust)
  expect(unreleased).toEqual([])
  const [release] = releases
  if (release === undefined) throw new Error('nothing was released')
  const info = releaseBinding(role, release.i, await contextHash(header.ctx))
  return openHpke(session, info, fromBase64(release.enc), fromBase64(release.ct))
}

describe('a release', () => {
  it('of bidder and two custodians opens the envelope', async () => {
    const header = await sealed('whole/statement')
    const secret = await released('bidder', 'bidder', header)
    const shares = [await released('custodian', 'agency', header), await released('custodian', 'supervisor', header)]
    expect(shares.map((share) => share[32])).toEqual([2, 3])
    const floe = await openEnvelope(header, secret, shares)
    expect(hex(floe.header)).toBe(hex(fromBase64(header.floe)))
    await expect(openWhole(header, secret, new Uint8Array(32))).rejects.toThrow('the custody secret is not the committed one')
  })

  it('of a bidder is signed by the certificate whose wrap it opened', async () => {
    const header = await sealed('whole')
    const { releases: [made], signature } = await releaseKeys(await workFor('bidder', header, await signed(await noticeOf(header))), person('bidder'), trust)
    if (made === undefined) throw new Error('nothing was released')
    const text = canonicalText({ v: 1, kind: 'bidder-release', bid: 'bid-1', remedy: false, releases: [{ kind: made.kind, i: made.i, sealed_sha256: await digestOf(made) }] })
    expect(await signedBy(person('bidder').certificate, utf8(`ebid/1 bidder-release\0${text}`), fromBase64(signature))).toBe(true)
  })

  it('comes from the bidder\u2019s own backup, of this very sealing only (R-144)', async () => {
    let whole = 0
    const backup = new KeyBackup(1, () => { whole += 1 })
    const custodians = ['tenderee', 'agency', 'supervisor'].map((name) => person(name).certificate)
    const { header } = await seal({ ctx: context('whole'), bidder: [person('bidder').certificate], custodians, keepSecrets: async (digest, both) => { backup.keep(digest, both.bidder) } })
    expect(whole, 'it is told once everything is in it').toBe(1)
    const renewed = person('agency')
    const { releases: [made], signature } = await releaseAsRemedy(await workFor('bidder', header, await signed(await noticeOf(header))), fromBackup(readBackup(backup.text('E3207001'))), renewed, trust)
    if (made === undefined) throw new Error('nothing was released')
    const secret = await openHpke(session, releaseBinding('bidder', 0, await contextHash(header.ctx)), fromBase64(made.enc), fromBase64(made.ct))
    expect(hex(await commitment('b', secret))).toBe(header.com_b)
    const text = canonicalText({ v: 1, kind: 'bidder-release', bid: 'bid-1', remedy: true, releases: [{ kind: made.kind, i: 0, sealed_sha256: await digestOf(made) }] })
    expect(await signedBy(renewed.certificate, utf8(`ebid/1 bidder-release\0${text}`), fromBase64(signature))).toBe(true)
    const other = await sealed('whole')
    const otherWork = await workFor('bidder', other, await signed(await noticeOf(other)))
    await expect(releaseAsRemedy(otherWork, fromBackup(readBackup(backup.text('E3207001'))), renewed, trust)).rejects.toMatchObject({ code: 'not-addressed' })
    const lie = new Map([[await sha256Hex(utf8(canonicalText(other))), secret]])
    await expect(releaseAsRemedy(otherWork, fromBackup(lie), renewed, trust)).rejects.toMatchObject({ code: 'wrong-commitment' })
    expect(() => readBackup('{"kind":"ebid-key-backup"}')).toThrow(expect.objectContaining({ code: 'malformed' }) as Error)
  })

  it('goes on with the other bids when one wrap is not what it should be (R-144)', async () => {
    const [good, other] = [await sealed('whole'), await sealed('whole')]
    const text = await noticeOf(good)
    const work = await workFor('custodian', good, await signed(text))
    const items = [...[canonicalText(other), '{}'].map((header) => ({ ...(work.items[0] as ReleaseWork['items'][number]), header })), ...work.items]
    const done: number[] = []
    const result = await releaseKeys({ ...work, items }, person('tenderee'), trust, (count) => done.push(count))
    expect([result.releases.length, result.unreleased.map(({ fault }) => fault.code), done]).toEqual([1, ['not-kept', 'not-kept'], [1, 2, 3]])
  })

  it('of a price is made on the notice of prices alone, and of a technical envelope on its own (R-318)', async () => {
    const header = await sealed('price/statement')
    const made = async (change: JsonObject) => releaseKeys(await workFor('custodian', header, await signed(await noticeOf(header, change))), person('tenderee'), trust)
    expect((await made({ envelope: 'price' })).releases).toHaveLength(1)
    for (const change of [{ envelope: 'technical' }, {}]) {
      const { releases, unreleased } = await made(change)
      expect([releases.length, unreleased[0]?.fault.code]).toEqual([0, 'not-authentic'])
    }
  })

  it('is not made for a bid whose dealer gave another share than the committed one', async () => {
    const header = await sealed('whole')
    const lie = { ...header, com_s: [...header.com_s].reverse() }
    const work = await workFor('custodian', lie, await signed(await noticeOf(lie)))
    const { releases, unreleased, complaint } = await releaseKeys(work, person('tenderee'), trust)
    expect([releases.length, unreleased[0]?.fault.code]).toEqual([0, 'wrong-commitment'])
    const said = complaint as SignedComplaint
    const [item] = (JSON.parse(said.text) as { items: ComplaintItem[] }).items
    expect(await signedBy(person('tenderee').certificate, utf8(`ebid/1 custodian-complaint\0${said.text}`), fromBase64(said.signature))).toBe(true)
    const [shown] = said.shares
    if (shown === undefined || item === undefined) throw new Error('no evidence')
    const share = await openHpke(session, releaseBinding('custodian', 1, await contextHash(lie.ctx)), fromBase64(shown.enc), fromBase64(shown.ct))
    expect([item.why, item.share]).toEqual(['share-mismatch', hex(await commitment('s', share))])
    expect(item.share).not.toBe(lie.com_s[0])
  })

  it('goes on where a complaint is not signed, or not taken by the platform', async () => {
    const good = await sealed('whole')
    const lie = { ...(await sealed('whole')), com_s: [...good.com_s].reverse() }
    const listed = async (bid: string, header: Header) => ({ bid, version: 1, certificate: header.ctx.bidder.slice(7), headers: { whole: await sha256Hex(utf8(canonicalText(header))) }, manifests: {} })
    const notice = await signed(await noticeOf(good, { count: 2, bids: [await listed('bid-1', good), await listed('bid-2', lie)] }))
    const [first] = (await workFor('custodian', good, notice)).items
    const work = { ...(await workFor('custodian', good, notice)), items: [first as ReleaseWork['items'][number], { bid: 'bid-2', kind: 'whole', header: canonicalText(lie), released: false }] }
    const declined = new Fault('declined', 'the holder said no')
    const unsigned = await releaseKeys(work, { ...person('tenderee'), sign: () => Promise.reject(declined) }, trust)
    expect([unsigned.releases.map(({ bid }) => bid), unsigned.complaint, unsigned.unsigned]).toEqual([['bid-1'], null, declined])
    await expect(releaseKeys({ ...work, items: work.items.slice(1) }, { ...person('tenderee'), sign: () => Promise.reject(declined) }, trust)).rejects.toBe(declined)
    const posted: { releases: { bid: string }[]; complaint: SignedComplaint | null }[] = []
    const refusal = new Error('not taken')
    const post = (body: object) => {
      posted.push(body as (typeof posted)[number])
      return posted.at(-1)?.complaint ? Promise.reject(refusal) : Promise.resolve()
    }
    expect(await sendShares(post, unsigned)).toBe(declined)
    expect(await sendShares(post, await releaseKeys(work, person('tenderee'), trust))).toBe(refusal)
    expect(posted.map(({ releases, complaint }) => [releases.map(({ bid }) => bid), complaint === null])).toEqual([[['bid-1'], true], [['bid-1'], false], [['bid-1'], true]])
    await expect(sendShares(post, { ...(await releaseKeys(work, person('tenderee'), trust)), releases: [] })).rejects.toBe(refusal)
  })

  it('is complained of where the wrap was made to another key, and not where a header is not the notice\u2019s', async () => {
    const [header, other] = [await sealed('whole'), await sealed('whole')]
    const wraps = header.wraps.map((wrap) => (wrap.role === 'custodian' && wrap.i === 1 ? { ...wrap, ct: (other.wraps.find((each) => each.cert === wrap.cert) as Wrap).ct } : wrap))
    const garbage = { ...header, wraps }
    const work = await workFor('custodian', garbage, await signed(await noticeOf(garbage)))
    const { complaint } = await releaseKeys(work, person('tenderee'), trust)
    expect((JSON.parse((complaint as SignedComplaint).text) as { items: ComplaintItem[] }).items.map((each) => each.why)).toEqual(['wrap-unopened'])
    const swapped = await releaseKeys({ ...work, items: [{ ...work.items[0] as ReleaseWork['items'][number], header: canonicalText(other) }] }, person('tenderee'), trust)
    expect([swapped.unreleased.length, swapped.complaint]).toEqual([1, null])
  })
})

describe('nothing is released', () => {
  async function refusal(notice: (header: Header) => Promise<SignedNotice>, role: Role = 'custodian', opensAt = past) {
    const header = await sealed('whole', opensAt)
    const work = await workFor(role, header, await notice(header))
    return releaseKeys(work, person(role === 'bidder' ? 'bidder' : 'tenderee'), trust)
  }

  it('by a custodian before the notice has its time stamp', async () => {
    await expect(refusal(async (header) => signed(await noticeOf(header), false))).rejects.toMatchObject({ code: 'too-early' })
    const { releases } = await refusal(async (header) => signed(await noticeOf(header), false), 'bidder')
    expect(releases).toHaveLength(1)
  })

  it('when the opening time lies after the time stamp, in the notice or in the envelope', async () => {
    const later = { opens_at: '2099-01-01T01:00:00.000000Z', opened_at: '2099-01-01T01:00:01.000000Z' }
    await expect(refusal(async (header) => signed(await noticeOf(header, later)))).rejects.toMatchObject({ code: 'too-early' })
    const { releases, unreleased } = await refusal(async (header) => signed(await noticeOf(header)), 'custodian', '2099-01-01T01:00:00Z')
    expect([releases.length, unreleased[0]?.fault.code]).toEqual([0, 'too-early'])
  })

  it('to a notice the platform did not sign, or signed by a stranger', async () => {
    await expect(refusal(async (header) => ({ ...(await signed(await noticeOf(header))), notice: await noticeOf(header, { lot: 'other' }) }))).rejects.toMatchObject({ code: 'not-authentic' })
    await expect(refusal(async (header) => signed(await noticeOf(header), true, person('agency')))).rejects.toMatchObject({ code: 'not-authentic' })
    const stranger: Certificate = await parseCertificate(pki.pem('tsa'))
    const header = await sealed('whole')
    const work = await workFor('custodian', header, await signed(await noticeOf(header)))
    await expect(releaseKeys(work, person('tenderee'), { roots: [stranger] })).rejects.toMatchObject({ code: 'not-trusted' })
  })

  it('to another session key than the notice names', async () => {
    const header = await sealed('whole')
    const work = await workFor('bidder', header, await signed(await noticeOf(header)))
    const other = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']) as CryptoKeyPair
    const key = base64(new Uint8Array(await crypto.subtle.exportKey('raw', other.publicKey)))
    await expect(releaseKeys({ ...work, session_key: key }, person('bidder'), trust)).rejects.toMatchObject({ code: 'not-authentic' })
  })

  it('for another lot, another kind, or by one to whom it is not addressed', async () => {
    const { unreleased: lot } = await refusal(async (header) => signed(await noticeOf(header, { code: 'E999' })))
    expect(lot[0]?.fault.code).toBe('not-authentic')
    const header = await sealed('whole')
    const work = await workFor('custodian', header, await signed(await noticeOf(header)))
    const kind = await releaseKeys({ ...work, items: work.items.map((item) => ({ ...item, kind: 'whole/statement' })) }, person('tenderee'), trust)
    expect(kind.unreleased[0]?.fault.code).toBe('not-kept')
    const stranger = await releaseKeys(work, person('platform'), trust)
    expect(stranger.unreleased[0]?.fault.code).toBe('not-addressed')
  })
})

describe('a time stamp', () => {
  it('made by openssl is read, as a response and as a bare token', async () => {
    const data = utf8('公告')
    const response = pki.stamp('tsa', data)
    const stamp = await readTimestamp(response, data, trust.roots)
    expect(stamp.authority).toBe('Test TSA')
    expect(Math.abs(stamp.at.getTime() - Date.now())).toBeLessThan(60_000)
    pki.openssl('ts', '-reply', '-in', pki.path('reply.tsr'), '-token_out', '-out', pki.path('token.der'))
    expect((await readTimestamp(pki.bytes('token.der'), data, trust.roots)).serial).toBe(stamp.serial)
  })

  it('is refused over other data, altered, or under another root', async () => {
    const data = utf8('公告')
    const token = pki.stamp('tsa', data)
    await expect(readTimestamp(token, utf8('other'), trust.roots)).rejects.toMatchObject({ code: 'not-authentic' })
    const altered = token.slice()
    altered[altered.length - 5] = (altered[altered.length - 5] as number) ^ 1
    await expect(readTimestamp(altered, data, trust.roots)).rejects.toMatchObject({ name: 'Fault' })
    const stranger = await parseCertificate(pki.pem('platform'))
    await expect(readTimestamp(token, data, [stranger])).rejects.toMatchObject({ code: 'not-trusted' })
    await expect(readTimestamp(utf8('no token'), data, trust.roots)).rejects.toMatchObject({ code: 'malformed' })
  })

  it('is part of a notice that checks', async () => {
    const header = await sealed('whole')
    const notice = await checkNotice(await signed(await noticeOf(header)), trust)
    expect(notice.stampedAt).toBeInstanceOf(Date)
    expect(notice.bids).toHaveLength(1)
  })
})

describe('a certificate chain', () => {
  it('leads from the platform to the root, on its days only', async () => {
    const chain = [person('platform').certificate, ...trust.roots]
    await checkChain(chain, trust.roots, new Date())
    await checkChain(chain.slice(0, 1), trust.roots, new Date())
    await expect(checkChain(chain, trust.roots, new Date('2020-01-01'))).rejects.toMatchObject({ code: 'not-trusted' })
    await expect(checkChain(chain, trust.roots, new Date('2099-01-01'))).rejects.toMatchObject({ code: 'not-trusted' })
  })

  it('is refused when a person’s certificate plays the authority, or the root is only like ours', async () => {
    pki.key('forged', 'ec')
    pki.openssl('req', '-new', '-key', pki.path('forged.key'), '-out', pki.path('forged.csr'), '-subj', '/CN=platform', '-config', pki.path('openssl.cnf'))
    pki.openssl('x509', '-req', '-in', pki.path('forged.csr'), '-CA', pki.path('tenderee.pem'), '-CAkey', pki.path('tenderee.key'), '-CAcreateserial', '-days', '5', '-out', pki.path('forged.pem'), '-extfile', pki.path('openssl.cnf'), '-extensions', 'leaf')
    const forged = await parseCertificate(pki.pem('forged'))
    await expect(checkChain([forged, person('tenderee').certificate, ...trust.roots], trust.roots, new Date())).rejects.toMatchObject({ code: 'not-trusted' })
    const twin = new Pki()
    twin.issue('platform', 'ec', '/CN=platform')
    const chain = [await parseCertificate(twin.pem('platform')), await parseCertificate(twin.pem('root'))]
    await expect(checkChain(chain, trust.roots, new Date())).rejects.toMatchObject({ code: 'not-trusted' })
    await expect(checkChain([], trust.roots, new Date())).rejects.toMatchObject({ code: 'not-authentic' })
  })
})
