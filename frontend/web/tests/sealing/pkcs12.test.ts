import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import 'fake-indexeddb/auto'
import { describe, expect, it, vi } from 'vitest'
import { random, utf8 } from '@/sealing/bytes'
import { parseCertificate, pemOf, sameCertificate } from '@/sealing/certificate'
import { keyRelay } from '@/app/keyRelay'
import { forgetIdentity, identityOf, keepIdentity, recallIdentity } from '@/sealing/identity'
import { type KeySet } from '@/sealing/keys'
import { openPkcs12 } from '@/sealing/pkcs12'
import { signDocument, signedBy } from '@/sealing/signer'
import { unwrapSecret, wrapSecret } from '@/sealing/wraps'
import { type KeySort, Pki } from '../pki'

const pki = new Pki()
const SUBJECT = '/C=CN/O=江苏某某建设有限公司/OU=投标部/CN=张三/serialNumber=91320700MA1MCXYT0C'
for (const sort of ['rsa', 'ec'] as const) pki.issue(sort, sort, SUBJECT)

const legacy = ['-legacy']
const files: [string, KeySort, string, string[]][] = [
  ['modern RSA', 'rsa', 'yunkai-demo', []],
  ['modern EC', 'ec', 'yunkai-demo', []],
  ['legacy RSA (RC2, 3DES)', 'rsa', 'yunkai-demo', legacy],
  ['legacy EC (RC2, 3DES)', 'ec', 'yunkai-demo', legacy],
  ['3DES for both', 'ec', 'yunkai-demo', [...legacy, '-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES']],
  ['a Chinese password, modern', 'ec', '云开密码', []],
  ['a Chinese password, legacy', 'rsa', '云开密码', legacy],
  ['an empty password', 'ec', '', []],
]

async function open(sort: KeySort): Promise<KeySet> {
  const [keys] = await openPkcs12(pki.pkcs12(sort, 'secret'), 'secret')
  return keys as KeySet
}

describe('a PKCS#12 file made by openssl', () => {
  it.each(files)('%s opens, signs and unwraps', async (_, sort, password, options) => {
    const pairs = await openPkcs12(pki.pkcs12(sort, password, ...options), password)
    expect(pairs).toHaveLength(1)
    const identity = await identityOf(pairs[0] as KeySet)
    expect(sameCertificate(identity.certificate, await parseCertificate(pki.pem(sort)))).toBe(true)
    expect(identity.chain.map((item) => item.subject.CN)).toEqual(['Test root'])
    const message = utf8('任意文件')
    const signature = await signDocument(identity, message)
    expect(await signedBy(identity.certificate, message, signature)).toBe(true)
    const ch = random(32)
    const secret = random(33)
    const wrap = await wrapSecret(secret, 'custodian', 2, ch, identity.certificate)
    expect(wrap.alg).toBe(sort === 'rsa' ? 'rsa-oaep' : 'hpke-p256')
    expect(await unwrapSecret(wrap, ch, identity)).toEqual(secret)
  })

  it('gives signatures that openssl verifies', async () => {
    for (const sort of ['rsa', 'ec'] as const) {
      const identity = await identityOf(await open(sort))
      writeFileSync(pki.path('message'), 'message')
      writeFileSync(pki.path('signature'), await signDocument(identity, utf8('message')))
      pki.openssl('x509', '-in', pki.path(`${sort}.pem`), '-pubkey', '-noout', '-out', pki.path('public.pem'))
      const answer = execFileSync('openssl', ['dgst', '-sha256', '-verify', pki.path('public.pem'), '-signature', pki.path('signature'), pki.path('message')])
      expect(answer.toString()).toContain('Verified OK')
    }
  })

  it('gives keys that cannot be exported', async () => {
    const keys = await open('ec')
    for (const key of [keys.sign, keys.unwrap]) {
      expect(key.extractable).toBe(false)
      await expect(crypto.subtle.exportKey('pkcs8', key)).rejects.toThrow()
    }
  })

  it('is refused with a wrong password, damaged, or without a usable key', async () => {
    const file = pki.pkcs12('ec', 'secret')
    await expect(openPkcs12(file, 'Secret')).rejects.toMatchObject({ code: 'wrong-password' })
    await expect(openPkcs12(file.slice(0, -20), 'secret')).rejects.toMatchObject({ code: 'malformed' })
    await expect(openPkcs12(utf8('not a file'), 'secret')).rejects.toMatchObject({ code: 'malformed' })
    pki.openssl('pkcs12', '-export', '-nokeys', '-in', pki.path('ec.pem'), '-out', pki.path('bare.p12'), '-passout', 'pass:secret')
    await expect(openPkcs12(pki.bytes('bare.p12'), 'secret')).rejects.toMatchObject({ code: 'no-key' })
    pki.openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384', '-out', pki.path('p384.key'))
    pki.openssl('req', '-x509', '-new', '-key', pki.path('p384.key'), '-out', pki.path('p384.pem'), '-subj', '/CN=P-384', '-config', pki.path('openssl.cnf'))
    await expect(openPkcs12(pki.pkcs12('p384', 'secret'), 'secret')).rejects.toMatchObject({ code: 'unsupported-key' })
  })
})

describe('a certificate', () => {
  it('is read as openssl reads it', async () => {
    const certificate = await parseCertificate(pki.pem('ec'))
    const read = (option: string) => execFileSync('openssl', ['x509', '-in', pki.path('ec.pem'), '-noout', option, ...(option === '-fingerprint' ? ['-sha256'] : [])]).toString().trim()
    expect(certificate.subject).toEqual({ C: 'CN', O: '江苏某某建设有限公司', OU: '投标部', CN: '张三', serialNumber: '91320700MA1MCXYT0C' })
    expect(certificate.issuer).toEqual({ CN: 'Test root' })
    expect(certificate.fingerprint.slice(7)).toBe(read('-fingerprint').split('=')[1]?.replaceAll(':', '').toLowerCase())
    expect(certificate.serial).toBe(read('-serial').split('=')[1]?.toLowerCase())
    expect(certificate.notAfter.getTime()).toBe(Date.parse(read('-enddate').split('=')[1] ?? ''))
    expect(certificate.keyKind).toBe('ec-p256')
    expect((await parseCertificate(pki.pem('rsa'))).keyKind).toBe('rsa')
    expect((await parseCertificate(pemOf(certificate))).der).toEqual(certificate.der)
  })

  it('is refused cut short, lengthened, or when it is none', async () => {
    const { der } = await parseCertificate(pki.pem('ec'))
    await expect(parseCertificate(der.slice(0, -1))).rejects.toMatchObject({ code: 'malformed' })
    await expect(parseCertificate(new Uint8Array([...der, 0]))).rejects.toMatchObject({ code: 'malformed' })
    await expect(parseCertificate('no PEM')).rejects.toMatchObject({ code: 'malformed' })
  })
})

describe('a kept identity', () => {
  const session = new Map<string, string>()
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => session.get(key) ?? null,
    setItem: (key: string, value: string) => session.set(key, value),
    removeItem: (key: string) => session.delete(key),
  })

  it('comes back in the same session only, and is gone when forgotten', async () => {
    // fake-indexeddb clones by Node's structuredClone, which refuses CryptoKeys; the shape is what is under test here.
    const identity = await identityOf(await open('ec'))
    const clone = vi.spyOn(globalThis, 'structuredClone').mockImplementation((value: unknown) => value as never)
    await keepIdentity(identity)
    expect((await recallIdentity(keyRelay))?.certificate.fingerprint).toBe(identity.certificate.fingerprint)
    const mark = session.get('yunkai.identity') ?? ''
    session.set('yunkai.identity', 'another session')
    expect(await recallIdentity(keyRelay)).toBeNull()
    session.set('yunkai.identity', mark)
    expect(await recallIdentity(keyRelay)).not.toBeNull()
    await forgetIdentity()
    expect(await recallIdentity(keyRelay)).toBeNull()
    clone.mockRestore()
  })
})
