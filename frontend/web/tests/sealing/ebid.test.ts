import { describe, expect, it } from 'vitest'
import { concat, fromBase64, fromHex, hex, sha256Hex, u16be, u32be, utf8 } from '@/sealing/bytes'
import { canonicalText, parseCanonical } from '@/sealing/canonical'
import { bodyAad, commitment, type Context, contextHash, fileKey, readContext, trialKey } from '@/sealing/context'
import { openBody, openEnvelope } from '@/sealing/envelope'
import { plainSegment, sealSegment, segmentCount, startFloe } from '@/sealing/floe'
import { headerDigest, readHeader, wrapsFor } from '@/sealing/header'
import { checkManifest, manifestBytes, manifestOf, readManifest, signedManifestBytes } from '@/sealing/manifest'
import { combine, split } from '@/sealing/shamir'
import { derOfRaw, loginMessage, rawOfDer, signedBy, signWith } from '@/sealing/signer'
import { openTrial, sealTrial, tryDecryption } from '@/sealing/trial'
import { openHpke, releaseBinding, unwrapSecret } from '@/sealing/wraps'
import { type KeyVector, nameOf, nonce, plaintext, standIn, unwrapperOf, vector } from '../vectors'

interface Case {
  name: string
  size: number
  ctx: Context
  [field: string]: unknown
}
interface Full {
  keys: Record<string, KeyVector>
  cases: Case[]
  releases: { role: 'bidder' | 'custodian'; i: number; ch: string; secret: string; info: string; release: { enc: string; ct: string } }[]
  login: Record<string, string>
  refused_headers: Record<string, string>
  refused_json: Record<string, string>
}

const full = vector<Full>('ebid-1-full.json')
const cases = full.cases.map((item) => [item.name, item] as const)

function key(name: string): KeyVector {
  const found = full.keys[name]
  if (found === undefined) throw new Error(name)
  return found
}

describe('the short vector', () => {
  const short = vector<Record<string, string> & { ctx: Context }>('ebid-1.json')
  const bytes = (name: string) => fromHex(short[name] ?? '')

  it('agrees in every field', async () => {
    const ch = await contextHash(short.ctx)
    expect(hex(ch)).toBe(short.ctx_hash)
    expect(hex(await commitment('b', bytes('sb')))).toBe(short.com_b)
    expect(hex(await commitment('p', bytes('sp')))).toBe(short.com_p)
    expect(hex(bodyAad(1, ch))).toBe(short.floe_aad)
    const fileSecret = await fileKey(bytes('sb'), bytes('sp'), ch)
    expect(hex(fileSecret)).toBe(short.file_key)
    const header = bytes('header')
    const floe = await startFloe(fileSecret, bodyAad(1, ch), 64, header.slice(10, 42))
    expect(hex(floe.header)).toBe(short.header)
  })
})

describe.each(cases)('vector "%s"', (_, item) => {
  const text = (name: string) => item[name] as string
  const bytes = (name: string) => fromHex(text(name))

  it('has the same context, keys, commitments and shares', async () => {
    expect(canonicalText(readContext(item.ctx))).toBe(text('ctx_jcs'))
    const ch = await contextHash(item.ctx)
    expect(hex(ch)).toBe(text('ch'))
    expect(hex(await fileKey(bytes('sb'), bytes('sp'), ch))).toBe(text('file_key'))
    expect(hex(await trialKey(bytes('sb'), ch))).toBe(text('trial_key'))
    const shares = split(bytes('sp'), item.ctx.k, item.ctx.n, (item.coefficients as string[]).map(fromHex))
    expect(shares.map(hex)).toEqual(item.shares)
    expect(await Promise.all(shares.map(async (share) => hex(await commitment('s', share))))).toEqual(item.com_s)
    expect(hex(combine(shares.slice(-item.ctx.k)))).toBe(text('sp'))
    const header = readHeader(text('header'))
    expect(await sealTrial(bytes('sb'), ch, bytes('trial_iv'))).toBe(header.trial)
    expect(await headerDigest(header)).toBe(text('header_sha256'))
  })

  it('has the same body, byte for byte', async () => {
    const ch = await contextHash(item.ctx)
    const floe = await startFloe(await fileKey(bytes('sb'), bytes('sp'), ch), bodyAad(item.ctx.suite, ch), item.ctx.seg, bytes('floe_iv'))
    expect(hex(floe.header)).toBe(text('floe_header'))
    const plain = plaintext(item.size)
    const count = segmentCount(item.size, item.ctx.seg)
    const parts = []
    for (let i = 0; i < count; i++) {
      const length = plainSegment(item.ctx.seg)
      parts.push(await sealSegment(floe, i, i === count - 1, plain.slice(i * length, (i + 1) * length), nonce(i)))
    }
    expect(await Promise.all(parts.map((part) => sha256Hex(part)))).toEqual(item.parts)
    const body = concat(...parts)
    if (item.body_hex !== undefined) expect(hex(body)).toBe(text('body_hex'))
    expect(await sha256Hex(body)).toBe(text('body_sha256'))
    const head = utf8(text('header'))
    const preface = concat(utf8('EBID'), new Uint8Array([1, item.ctx.suite, 0, 0]), u32be(head.length))
    expect(await sha256Hex(preface, head, floe.header, body)).toBe(text('single_file_sha256'))
    const opened = await openEnvelope(readHeader(text('header')), bytes('sb'), (item.shares as string[]).map(fromHex))
    const back = []
    for await (const segment of openBody(opened, item.size, new Blob([body]))) back.push(segment)
    expect(Buffer.from(concat(...back)).equals(Buffer.from(plain))).toBe(true)
  })

  it('has the same manifest, and its signatures hold', async () => {
    const header = readHeader(text('header'))
    const manifest = await manifestOf(header, (item.parts as string[]).map((sha256) => ({ sha256 })), item.size)
    expect(new TextDecoder().decode(manifestBytes(manifest))).toBe(text('manifest'))
    expect(await sha256Hex(manifestBytes(manifest))).toBe(text('manifest_sha256'))
    const { ec, rsa } = item.signatures as { ec: string; rsa: string }
    await checkManifest(readManifest(text('manifest')), header, standIn(key('bidder_ec')), fromBase64(ec))
    expect(await signedBy(standIn(key('bidder_rsa')), signedManifestBytes(manifest), fromBase64(rsa))).toBe(true)
    const altered = { ...manifest, size: manifest.size + 1 }
    expect(await signedBy(standIn(key('bidder_ec')), signedManifestBytes(altered), fromBase64(ec))).toBe(false)
  })

  it('opens every wrap with its key, and the trial segment', async () => {
    const header = readHeader(text('header'))
    const ch = await contextHash(header.ctx)
    const byCert = new Map(Object.values(full.keys).map((item) => [nameOf(item), item]))
    for (const wrap of header.wraps) {
      const unwrapper = await unwrapperOf(byCert.get(wrap.cert) as KeyVector)
      const expected = wrap.role === 'bidder' ? text('sb') : (item.shares as string[])[wrap.i - 1]
      expect(hex(await unwrapSecret(wrap, ch, unwrapper))).toBe(expected)
      const other = wrap.role === 'bidder' ? 'custodian' : 'bidder'
      await expect(unwrapSecret({ ...wrap, role: other }, ch, unwrapper)).rejects.toMatchObject({ code: 'not-authentic' })
      await expect(unwrapSecret({ ...wrap, i: wrap.i + 1 }, ch, unwrapper)).rejects.toMatchObject({ code: 'not-authentic' })
      await expect(unwrapSecret(wrap, ch.slice().fill(0, 0, 1), unwrapper)).rejects.toMatchObject({ code: 'not-authentic' })
    }
    for (const wrap of wrapsFor(header, 'bidder')) await tryDecryption([header], await unwrapperOf(byCert.get(wrap.cert) as KeyVector))
    await expect(openTrial(header, bytes('sp'))).rejects.toMatchObject({ code: 'wrong-commitment' })
  })
})

describe('releases, login and signatures of the vectors', () => {
  it.each(full.releases.map((item) => [`${item.role} ${String(item.i)}`, item] as const))('release of %s opens with the session key', async (_, item) => {
    const info = releaseBinding(item.role, item.i, fromHex(item.ch))
    expect(hex(info)).toBe(item.info)
    const session = await unwrapperOf(key('session'))
    const [secret] = await session.unwrap([{ alg: 'hpke-p256', info, enc: fromBase64(item.release.enc), ct: fromBase64(item.release.ct) }])
    expect(hex(secret ?? new Uint8Array())).toBe(item.secret)
  })

  it('signs the same login message', async () => {
    const { login } = full
    const challenge = { origin: login.origin ?? '', nonce: login.nonce ?? '', expiresAt: login.expires_at ?? '' }
    const certificate = { ...standIn(key('bidder_ec')), fingerprint: `sha256:${login.cert_sha256 ?? ''}` }
    const message = loginMessage(challenge, certificate)
    expect(hex(message)).toBe(login.message)
    expect(await signedBy(certificate, message, fromBase64(login.signature_ec ?? ''))).toBe(true)
    expect(await signedBy(standIn(key('bidder_rsa')), message, fromBase64(login.signature_rsa ?? ''))).toBe(true)
    const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    const rsaKey = await crypto.subtle.importKey('pkcs8', fromBase64(key('bidder_rsa').pkcs8), rsa, false, ['sign'])
    expect(Buffer.from(await signWith(rsaKey, message)).toString('base64')).toBe(login.signature_rsa)
  })

  it('turns r ‖ s into DER and back, leading zeros and high bits included', () => {
    for (const start of [0, 1, 0x7f, 0x80, 0xff]) {
      const raw = new Uint8Array(64).fill(5)
      raw[0] = raw[32] = start
      raw[1] = raw[33] = 0
      expect(rawOfDer(derOfRaw(raw))).toEqual(raw)
    }
    expect(hex(derOfRaw(concat(new Uint8Array(31), new Uint8Array([1]), new Uint8Array(31), new Uint8Array([0x80]))))).toBe('30070201010202' + '0080')
    expect(rawOfDer(new Uint8Array([0x30, 0]))).toBeNull()
  })
})

describe('what must be refused', () => {
  it.each(Object.entries(full.refused_headers))('header: %s', (_, header) => {
    expect(() => readHeader(header)).toThrow(expect.objectContaining({ name: 'Fault' }) as Error)
  })

  it.each(Object.entries(full.refused_json))('JSON: %s', (_, json) => {
    expect(() => parseCanonical(json)).toThrow(expect.objectContaining({ code: 'not-canonical' }) as Error)
  })

  it('JSON that is not UTF-8, or begins with a byte order mark', () => {
    expect(() => parseCanonical(new Uint8Array([0x22, 0xff, 0x22]))).toThrow()
    expect(() => parseCanonical(new Uint8Array([0xef, 0xbb, 0xbf, 0x5b, 0x5d]))).toThrow()
    expect(u16be(258)).toEqual(new Uint8Array([1, 2]))
  })

  it('a share, a secret or too few shares that do not fit the commitments', async () => {
    const [, item] = cases[5] as (typeof cases)[number]
    const header = readHeader(item.header as string)
    const [first, second] = (item.shares as string[]).map(fromHex) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]
    const secret = fromHex(item.sb as string)
    await expect(openEnvelope(header, secret, [first])).rejects.toMatchObject({ code: 'wrong-commitment' })
    const lie = second.slice()
    lie[0] = (lie[0] as number) ^ 1
    await expect(openEnvelope(header, secret, [first, lie])).rejects.toMatchObject({ code: 'wrong-commitment' })
    await expect(openEnvelope(header, fromHex(item.sp as string), [first, second])).rejects.toMatchObject({ code: 'wrong-commitment' })
  })
})

describe('a session key as unwrapper', () => {
  it('does not open a release for another role', async () => {
    const [item] = full.releases
    if (item === undefined) throw new Error('no release')
    const { pkcs8, spki } = key('session')
    const ec = { name: 'ECDH', namedCurve: 'P-256' }
    const privateKey = await crypto.subtle.importKey('pkcs8', fromBase64(pkcs8), ec, false, ['deriveBits'])
    const publicKey = await crypto.subtle.importKey('spki', fromBase64(spki), ec, true, [])
    const info = releaseBinding('custodian', item.i, fromHex(item.ch))
    await expect(openHpke({ privateKey, publicKey }, info, fromBase64(item.release.enc), fromBase64(item.release.ct))).rejects.toThrow()
  })
})
