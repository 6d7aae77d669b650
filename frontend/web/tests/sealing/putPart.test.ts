// @vitest-environment jsdom
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '@/sealing/bytes'
import { putPart } from '@/sealing/putPart'
import { plaintext } from '../vectors'

let server: Server
let origin = ''
let answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

/** A store of another origin, as S3 behaves: a preflight, then a PUT whose checksum must fit. */
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('access-control-allow-headers', '*, x-amz-checksum-sha256, x-extra')
      response.setHeader('access-control-allow-methods', 'PUT')
      if (request.method === 'OPTIONS') response.end()
      else answer(request, response, Buffer.concat(chunks))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
})
afterAll(() => { server.closeAllConnections(); server.close() })

async function put(signal = new AbortController().signal, stall?: number) {
  const sealed = plaintext(300_000)
  let sent = 0
  const options = { digest: await sha256(sealed), signal, onSent: (bytes: number) => { sent += bytes }, ...(stall === undefined ? {} : { stall }) }
  const target = { number: 1, url: `${origin}/part`, headers: { 'x-extra': 'kept', host: 'never sent' } }
  const failure = await putPart(target, sealed, options).then(() => null, (error: unknown) => error)
  return { failure, sent: () => sent, sealed }
}

describe('one part', () => {
  it('arrives whole, with its checksum and the headers of its address', async () => {
    let seen: Buffer | null = null
    answer = (request, response, body) => {
      const digest = createHash('sha256').update(body).digest('base64')
      response.statusCode = request.headers['x-amz-checksum-sha256'] === digest && request.headers['x-extra'] === 'kept' ? 200 : 400
      seen = body
      response.end()
    }
    const { failure, sent, sealed } = await put()
    expect(failure).toBeNull()
    expect(Buffer.from(sealed).equals(seen as unknown as Buffer)).toBe(true)
    expect(sent()).toBe(sealed.length)
  })

  it('that is refused says with which status, and counts nothing', async () => {
    answer = (_, response) => { response.statusCode = 403; response.end() }
    const { failure, sent } = await put()
    expect(failure).toMatchObject({ name: 'PutRefused', status: 403 })
    expect(sent()).toBe(0)
  })

  it('whose network breaks has status 0', async () => {
    answer = (request) => { request.socket.destroy() }
    const { failure, sent } = await put()
    expect(failure).toMatchObject({ name: 'PutRefused', status: 0 })
    expect(sent()).toBe(0)
  })

  it('that stalls is given up', async () => {
    answer = () => undefined
    const { failure } = await put(undefined, 100)
    expect(failure).toMatchObject({ name: 'PutRefused', status: 0 })
  })

  it('ends when the upload is stopped', async () => {
    const stop = new AbortController()
    answer = () => { stop.abort(new Error('stopped')) }
    const { failure } = await put(stop.signal)
    expect(failure).toMatchObject({ message: 'stopped' })
  })
})
