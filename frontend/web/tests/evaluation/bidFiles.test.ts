/** The files of a bid by envelope: each is read from the body that it lies in. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { api } from '@/api/client'
import { addressOf, type Body, filesOf, type OpenedEnvelope } from '@/app/bidFiles'

const body = (opened: string, size: number): Body => ({ url: `/api/lots/l/evaluation/bids/${opened}/body`, size, sha256: '0'.repeat(64), check: 'sound' })
const first: OpenedEnvelope = { envelope: 'technical', body: body('b', 9) }

describe('the files of a bid', () => {
  afterEach(() => { vi.restoreAllMocks() })

  it('lie in one body as long as no price is open', async () => {
    vi.spyOn(api, 'raw').mockImplementation(async () => new Response('%PDF-'))
    const [only, ...others] = await filesOf([{ ...first, envelope: 'whole' }], '甲')
    expect(others).toEqual([])
    expect(only?.envelope).toBe('whole')
    expect(only?.files.map((file) => addressOf(file))).toEqual([`/api/lots/l/evaluation/bids/b/file?offset=0&length=9&name=${encodeURIComponent('甲')}.pdf`])
  })

  it('are those of the price too once it is open, read by their own address', async () => {
    const asked = vi.spyOn(api, 'raw').mockImplementation(async (_, url) => new Response(url.includes('/p/') ? 'table' : '%PDF-'))
    const found = await filesOf([first, { envelope: 'price', body: body('p', 7) }], '甲')
    expect(found.map(({ envelope, kind, files }) => [envelope, kind, ...files.map((file) => file.name)])).toEqual([['technical', 'pdf', '甲.pdf'], ['price', 'bin', '甲.bin']])
    expect(asked.mock.calls.map(([, url]) => url).sort()).toEqual([body('b', 9).url, body('p', 7).url])
    expect(found[1]?.files.map((file) => addressOf(file))).toEqual([expect.stringContaining('/bids/p/file?offset=0&length=7')])
  })
})
