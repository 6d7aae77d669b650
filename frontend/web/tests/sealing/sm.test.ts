import { describe, expect, it } from 'vitest'
import { base64, type Bytes, concat, fromBase64, fromHex, hex, sha256Hex, utf8 } from '@/sealing/bytes'
import { canonicalText } from '@/sealing/canonical'
import { isPair, parseCertificate } from '@/sealing/certificate'
import { bodyAad, commitment, type Context, contextHash, fileKey, readContext, trialKey } from '@/sealing/context'
import { openBody, openEnvelope, resumeSealing, seal } from '@/sealing/envelope'
import { floeSegment, openFloe, openSegment, sealSegment, segmentCount, startFloe } from '@/sealing/floe'
import { readHeader, wrapsFor } from '@/sealing/header'
import { checkManifest, manifestBytes, manifestOf, readManifest } from '@/sealing/manifest'
import { openPkcs12 } from '@/sealing/pkcs12'
import { loginMessage, signedBy } from '@/sealing/signer'
import { decryptSm2, encryptSm2, signSm2, sm2CipherLength, sm2KeyOf, type Sm2Key, verifiesSm2 } from '@/sealing/sm2'
import { pairSmKeys, smActs, type SmKeySet, smStore } from '@/sealing/smKeys'
import { FLOE_SM, sm3Hex } from '@/sealing/suites'
import { openTrial, sealTrial, tryDecryption } from '@/sealing/trial'
import { releaseBinding, type Role, sealRelease, unwrapSecret, type Wrap, wrapSecret } from '@/sealing/wraps'
import { type KeyVector, nameOf, nonce, plaintext, standIn, unwrapperOf, vector } from '../vectors'

type Case = { name: string; size: number; ctx: Context } & Record<string, unknown>
interface Vectors {
  keys: Record<string, KeyVector & { point: string }>
  primitives: Record<string, string>
  cases: Case[]
  releases: { role: Role; i: number; ch: string; secret: string; info: string; release: { enc: string; ct: string } }[]
  suite_1: { ch: string; secret: string; wrap: Wrap }
  identity: Record<string, string>
  login: Record<string, string>
  refused_headers: Record<string, string>
  refused_wraps: Record<string, string>
}
const sm = vector<Vectors>('sm.json')
const cases = sm.cases.map((item) => [item.name, item] as const)
const known = (of: Record<string, string>, name: string): string => of[name] ?? ''
const key = (name: string): KeyVector => sm.keys[name] as KeyVector
const secretKey = (name: string): Sm2Key => sm2KeyOf(fromBase64(key(name).pkcs8)) as Sm2Key
const byCert = new Map(Object.values(sm.keys).map((item) => [nameOf(item), item]))

describe('the primitives', () => {
  const of = (name: string) => fromHex(known(sm.primitives, name))
  const message = of('message')

  it('SM3, HMAC-SM3 and SM4-GCM give the known answers', async () => {
    expect(sm3Hex(message)).toBe(known(sm.primitives, 'sm3'))
    expect(hex(await FLOE_SM.mac(await FLOE_SM.macKey(of('mac_key')), message))).toBe(known(sm.primitives, 'hmac_sm3'))
    const sealed = await FLOE_SM.seal(of('sm4_key'), of('nonce'), of('aad'), message)
    expect(hex(sealed)).toBe(known(sm.primitives, 'sm4_gcm'))
    expect(await FLOE_SM.open(of('sm4_key'), of('nonce'), of('aad'), sealed)).toEqual(message)
    for (const at of [0, sealed.length - 1]) {
      const altered = sealed.map((byte, i) => (i === at ? byte ^ 1 : byte))
      await expect(FLOE_SM.open(of('sm4_key'), of('nonce'), of('aad'), altered)).rejects.toThrow()
    }
    await expect(FLOE_SM.open(of('sm4_key'), of('nonce'), new Uint8Array(0), sealed)).rejects.toThrow()
    await expect(FLOE_SM.open(of('sm4_key'), of('nonce'), of('aad'), sealed.slice(0, 15))).rejects.toThrow()
  })

  it('SM2 verifies, decrypts, signs and encrypts', () => {
    const signing = secretKey('bidder_signing')
    const signature = fromBase64(known(sm.primitives, 'signature'))
    expect(hex(signing.point)).toBe(sm.keys.bidder_signing?.point)
    expect(verifiesSm2(signing.point, message, signature)).toBe(true)
    expect(verifiesSm2(signing.point, concat(message, message), signature)).toBe(false)
    expect(verifiesSm2(secretKey('session').point, message, signature)).toBe(false)
    expect(verifiesSm2(signing.point, message, concat(signature, new Uint8Array(1)))).toBe(false)
    expect(verifiesSm2(signing.point, message, signSm2(signing, message))).toBe(true)
    const encryption = secretKey('bidder_encryption')
    expect(decryptSm2(encryption, fromBase64(known(sm.primitives, 'ciphertext')))).toEqual(message)
    expect(decryptSm2(signing, fromBase64(known(sm.primitives, 'ciphertext')))).toBeNull()
    for (let i = 0; i < 20; i++) {
      const sealed = encryptSm2(encryption.point, message)
      expect(sm2CipherLength(sealed)).toBe(message.length)
      expect(decryptSm2(encryption, sealed)).toEqual(message)
    }
  })

  it('a point off the curve is never multiplied', () => {
    const sealed = encryptSm2(secretKey('session').point, message)
    // The last byte of x: still strict DER, no longer on the curve.
    const at = 4 + (sealed[3] ?? 0) - 1
    const altered = sealed.map((byte, i) => (i === at ? byte ^ 1 : byte))
    expect(sm2CipherLength(altered)).toBe(message.length)
    expect(decryptSm2(secretKey('session'), altered)).toBeNull()
  })
})

describe.each(cases)('suite 2, vector "%s"', (_, item) => {
  const text = (name: string) => item[name] as string
  const bytes = (name: string) => fromHex(text(name))

  it('has the same context, keys, commitments and trial', async () => {
    const ch = await contextHash(readContext(item.ctx))
    expect(hex(ch)).toBe(text('ch'))
    expect(hex(await fileKey(bytes('sb'), bytes('sp'), ch, FLOE_SM))).toBe(text('file_key'))
    expect(hex(await trialKey(bytes('sb'), ch, FLOE_SM))).toBe(text('trial_key'))
    expect(hex(await commitment('b', bytes('sb'), FLOE_SM))).toBe(text('com_b'))
    expect(hex(await commitment('p', bytes('sp'), FLOE_SM))).toBe(text('com_p'))
    expect(await sealTrial(bytes('sb'), ch, bytes('trial_iv'), FLOE_SM)).toBe(base64(bytes('trial')))
    expect(hex(bodyAad(2, ch))).toBe(text('floe_aad'))
  })

  it('seals the same body, and opens it', async () => {
    const ch = bytes('ch')
    const floe = await startFloe(bytes('file_key'), bodyAad(2, ch), item.ctx.seg, bytes('floe_iv'), FLOE_SM)
    expect(hex(floe.header)).toBe(text('floe_header'))
    expect(() => floeSegment(floe.header)).toThrow()
    const plain = plaintext(item.size)
    const count = segmentCount(item.size, floe.segment)
    const reader = await openFloe(bytes('file_key'), bodyAad(2, ch), floe.header, undefined, FLOE_SM)
    const parts: Bytes[] = []
    for (let i = 0; i < count; i++) {
      const piece = plain.slice(i * (floe.segment - 32), (i + 1) * (floe.segment - 32))
      const sealed = await sealSegment(floe, i, i === count - 1, piece, nonce(i))
      expect(await openSegment(reader, i, i === count - 1, sealed)).toEqual(piece)
      if (sealed.length < 1000) await expect(openSegment(reader, i + 1, i === count - 1, sealed)).rejects.toThrow()
      parts.push(sealed)
    }
    expect(await sha256Hex(concat(...parts))).toBe(text('body_sha256'))
    expect(parts.map(sm3Hex)).toEqual(item.parts_sm3)
  })

  it('has the same manifest, and its signature holds', async () => {
    const header = readHeader(text('header'))
    const twice = item.parts_sm3 as string[]
    const manifest = await manifestOf(header, (item.parts as string[]).map((sha256, i) => ({ sha256, sm3: twice[i] ?? '' })), item.size)
    expect(new TextDecoder().decode(manifestBytes(manifest))).toBe(text('manifest'))
    const signer = standIn(key('bidder_signing'))
    await checkManifest(readManifest(text('manifest')), header, signer, fromBase64(text('signature')))
    const other = { ...manifest, parts_sm3: manifest.parts_sm3?.map(() => '0'.repeat(64)) ?? [] }
    await expect(checkManifest(other, header, signer, fromBase64(text('signature')))).rejects.toMatchObject({ code: 'not-authentic' })
  })

  it('opens every wrap with its key, and the trial', async () => {
    const header = readHeader(text('header'))
    const ch = await contextHash(header.ctx)
    for (const wrap of header.wraps) {
      const unwrapper = await unwrapperOf(byCert.get(wrap.cert) as KeyVector)
      const expected = wrap.role === 'bidder' ? text('sb') : (item.shares as string[])[wrap.i - 1]
      expect(hex(await unwrapSecret(wrap, ch, unwrapper, FLOE_SM))).toBe(expected)
      await expect(unwrapSecret(wrap, ch, unwrapper)).rejects.toMatchObject({ code: 'not-authentic' })
      await expect(unwrapSecret({ ...wrap, i: wrap.i + 1 }, ch, unwrapper, FLOE_SM)).rejects.toMatchObject({ code: 'not-authentic' })
    }
    for (const wrap of wrapsFor(header, 'bidder')) await tryDecryption([header], await unwrapperOf(byCert.get(wrap.cert) as KeyVector))
    await expect(openTrial(header, bytes('sp'))).rejects.toMatchObject({ code: 'wrong-commitment' })
  })
})

describe('what the vectors refuse', () => {
  it.each(Object.entries(sm.refused_headers))('header with %s', (_, text) => {
    expect(() => readHeader(text)).toThrow()
  })

  it.each(Object.entries(sm.refused_wraps))('wrap that is %s', async (_, ct) => {
    const header = readHeader(sm.cases[0]?.header as string)
    const wrap = { ...(header.wraps[0] as Wrap), ct }
    const unwrapper = await unwrapperOf(byCert.get(wrap.cert) as KeyVector)
    await expect(unwrapSecret(wrap, await contextHash(header.ctx), unwrapper, FLOE_SM)).rejects.toMatchObject({ code: 'not-authentic' })
  })
})

describe('an SM2 holder', () => {
  it('is sealed to in a lot of suite 1 with its mark', async () => {
    const { wrap, ch, secret } = sm.suite_1
    expect(hex(await unwrapSecret(wrap, fromHex(ch), await unwrapperOf(byCert.get(wrap.cert) as KeyVector)))).toBe(secret)
  })

  it.each(sm.releases.map((item) => [`${item.role} ${String(item.i)}`, item] as const))('release of %s opens with the session key', async (_, item) => {
    const info = releaseBinding(item.role, item.i, fromHex(item.ch))
    expect(hex(info)).toBe(item.info)
    const session = secretKey('session')
    const mark = (await FLOE_SM.digest(info)).subarray(0, 16)
    expect(decryptSm2(session, fromBase64(item.release.ct))).toEqual(concat(fromHex(item.secret), mark))
    const made = await sealRelease(session.point, info, fromHex(item.secret), FLOE_SM)
    expect(made.enc).toBe('')
    expect(decryptSm2(session, fromBase64(made.ct))).toEqual(concat(fromHex(item.secret), mark))
  })

  it('signs the same login messages, alone and as a pair', async () => {
    const { login } = sm
    const challenge = { origin: known(login, 'origin'), nonce: known(login, 'nonce'), expiresAt: known(login, 'expires_at') }
    const [signing, encryption] = [standIn(key('bidder_signing')), standIn(key('bidder_encryption'))]
    expect(hex(loginMessage(challenge, signing))).toBe(login.alone)
    expect(hex(loginMessage(challenge, signing, encryption))).toBe(login.pair)
    expect(await signedBy(signing, loginMessage(challenge, signing, encryption), fromBase64(known(login, 'signature_pair')))).toBe(true)
    expect(await signedBy(signing, loginMessage(challenge, signing), fromBase64(known(login, 'signature_pair')))).toBe(false)
  })

  it('opens its file: a dual pair, whose halves do each their own', async () => {
    const { identity } = sm
    const pairs = await openPkcs12(fromBase64(known(identity, 'p12')), known(identity, 'password'))
    expect(pairs).toHaveLength(1)
    const store = smStore(pairs[0] as SmKeySet, smActs)
    const [pair] = await store.list()
    if (pair === undefined) throw new Error('no pair')
    expect(pair.certificate.fingerprint).toBe(`sha256:${known(identity, 'signing_fingerprint')}`)
    expect(pair.encryption.fingerprint).toBe(`sha256:${known(identity, 'encryption_fingerprint')}`)
    expect([pair.certificate.keyKind, pair.certificate.signs, pair.certificate.takesSeals, pair.encryption.signs, pair.encryption.takesSeals]).toEqual(['sm2', true, false, false, true])
    expect(isPair(pair.encryption, pair.certificate)).toBe(false)
    expect(pair.chain).toHaveLength(1)
    const message = utf8('云开')
    const [signature] = await store.sign(pair, [message])
    expect(await signedBy(pair.certificate, message, signature as Bytes)).toBe(true)
    expect(await signedBy(pair.encryption, message, signature as Bytes)).toBe(false)
    const ch = FLOE_SM.digest(message)
    const wrap = await wrapSecret(plaintext(32), 'bidder', 0, await ch, pair.encryption, FLOE_SM)
    const unwrapper = { encryption: pair.encryption, unwrap: (locked: Parameters<typeof store.unwrap>[1]) => store.unwrap(pair, locked) }
    expect(await unwrapSecret(wrap, await ch, unwrapper, FLOE_SM)).toEqual(plaintext(32))
    await expect(wrapSecret(plaintext(32), 'bidder', 0, await ch, pair.certificate, FLOE_SM)).rejects.toMatchObject({ code: 'unsupported-key' })
    await expect(openPkcs12(fromBase64(known(identity, 'p12')), 'wrong')).rejects.toMatchObject({ code: 'wrong-password' })
    expect(await pairSmKeys([], [(await parseCertificate(known(identity, 'signing'))).der])).toEqual([])
  })
})

it('a bid of suite 2 is sealed, resumed and opened', async () => {
  const names = ['custodian_1', 'custodian_2', 'custodian_3']
  const custodians = names.map((name) => standIn(key(name)))
  const ctx = { ...(sm.cases[0] as Case).ctx, seg: 1024, custodians: custodians.map((each) => each.fingerprint) }
  const { header, floe } = await seal({ ctx, bidder: [standIn(key('bidder_encryption'))], custodians })
  expect(readHeader(canonicalText(header))).toEqual(header)
  const again = await resumeSealing(header, floe.messageKey)
  const plain = plaintext(2500)
  const parts = [0, 1, 2].map((i) => sealSegment(i === 1 ? again.floe : floe, i, i === 2, plain.slice(i * 992, (i + 1) * 992)))
  const body = new Blob(await Promise.all(parts))
  const ch = await contextHash(header.ctx)
  const secret = async (role: Role, i: number, name: string) => unwrapSecret(header.wraps.find((wrap) => wrap.role === role && wrap.i === i) as Wrap, ch, await unwrapperOf(key(name)), FLOE_SM)
  const shares = [await secret('custodian', 1, 'custodian_1'), await secret('custodian', 3, 'custodian_3')]
  const opened = await openEnvelope(header, await secret('bidder', 0, 'bidder_encryption'), shares)
  const pieces: Bytes[] = []
  for await (const piece of openBody(opened, plain.length, body)) pieces.push(piece)
  expect(concat(...pieces)).toEqual(plain)
})
