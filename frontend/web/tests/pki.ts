/** Certificates and PKCS#12 files made by openssl, so that a stranger's files are read. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

type Bytes = Uint8Array<ArrayBuffer>
export type KeySort = 'rsa' | 'ec'

const CONFIG = `
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
[tsa]
basicConstraints = CA:FALSE
extendedKeyUsage = critical, timeStamping
[ts]
default_tsa = ts1
[ts1]
serial = SERIAL
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
`

export class Pki {
  readonly folder = mkdtempSync(join(tmpdir(), 'pki-'))

  constructor() {
    writeFileSync(this.path('openssl.cnf'), CONFIG.replace('SERIAL', this.path('tsa.serial')))
    writeFileSync(this.path('tsa.serial'), '01')
    this.key('root', 'ec')
    this.openssl('req', '-x509', '-new', '-key', this.path('root.key'), '-out', this.path('root.pem'), '-days', '30', '-subj', '/CN=Test root', '-extensions', 'root', '-config', this.path('openssl.cnf'))
    afterAll(() => { rmSync(this.folder, { recursive: true }) })
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  pem(name: string): string {
    return readFileSync(this.path(`${name}.pem`), 'utf8')
  }

  bytes(name: string): Bytes {
    return new Uint8Array(readFileSync(this.path(name)))
  }

  openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  }

  key(name: string, sort: KeySort): void {
    const options = sort === 'rsa' ? ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'] : ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
    this.openssl('genpkey', '-algorithm', ...options, '-out', this.path(`${name}.key`))
  }

  /** A certificate of the test root. */
  issue(name: string, sort: KeySort, subject: string, extensions: 'leaf' | 'tsa' = 'leaf'): void {
    this.key(name, sort)
    this.openssl('req', '-new', '-utf8', '-key', this.path(`${name}.key`), '-out', this.path(`${name}.csr`), '-subj', subject, '-config', this.path('openssl.cnf'))
    this.openssl('x509', '-req', '-in', this.path(`${name}.csr`), '-CA', this.path('root.pem'), '-CAkey', this.path('root.key'), '-CAcreateserial', '-days', '30', '-out', this.path(`${name}.pem`), '-extfile', this.path('openssl.cnf'), '-extensions', extensions)
  }

  pkcs12(name: string, password: string, ...options: string[]): Bytes {
    this.openssl('pkcs12', '-export', '-inkey', this.path(`${name}.key`), '-in', this.path(`${name}.pem`), '-certfile', this.path('root.pem'), '-out', this.path(`${name}.p12`), '-passout', `pass:${password}`, ...options)
    return this.bytes(`${name}.p12`)
  }

  /** An RFC 3161 response over `data`, signed by the certificate `name`. */
  stamp(name: string, data: Uint8Array): Bytes {
    writeFileSync(this.path('data'), data)
    this.openssl('ts', '-query', '-data', this.path('data'), '-sha256', '-cert', '-out', this.path('query.tsq'))
    this.openssl('ts', '-reply', '-queryfile', this.path('query.tsq'), '-signer', this.path(`${name}.pem`), '-inkey', this.path(`${name}.key`), '-chain', this.path('root.pem'), '-config', this.path('openssl.cnf'), '-section', 'ts1', '-out', this.path('reply.tsr'))
    return this.bytes('reply.tsr')
  }
}
