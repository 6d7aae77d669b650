import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { checkFiles, confirmedParts, forgetUpload, type PendingUpload, pendingUpload, pendingUploads, rememberPart, rememberSamples, rememberUpload } from '@/sealing/resume'

// Node cannot clone CryptoKeys into fake-indexeddb; that a browser can is shown by the browser test.
const messageKey = {} as CryptoKey

function upload(id: string): PendingUpload {
  return { id, messageKey, header: '{}', files: [{ name: 'a.pdf', size: 5 }, { name: 'b.pdf', size: 7 }], size: 900, samples: null, parts: [], startedAt: 1, note: { lot: 'L1' } }
}

describe('an upload in the browser’s store', () => {
  it('gathers parts written at once, each number once', async () => {
    await rememberUpload(upload('one'))
    await Promise.all([1, 2, 3, 4, 2].map((number) => rememberPart('one', number, { sealed: `s${String(number)}`, plain: 'p' })))
    await rememberSamples('one', [{ position: 0, sha256: 'x' }])
    const kept = await pendingUpload('one')
    expect(kept.parts.map(([number]) => number).sort()).toEqual([1, 2, 3, 4])
    expect(kept.samples).toHaveLength(1)
    expect(kept.note).toEqual({ lot: 'L1' })
  })

  it('is listed until it is forgotten', async () => {
    await rememberUpload(upload('two'))
    expect((await pendingUploads()).map((item) => item.id)).toContain('two')
    await forgetUpload('two')
    expect((await pendingUploads()).map((item) => item.id)).not.toContain('two')
    await expect(pendingUpload('two')).rejects.toMatchObject({ code: 'no-key' })
    await rememberPart('two', 1, { sealed: 's', plain: 'p' })
    expect((await pendingUploads()).map((item) => item.id)).not.toContain('two')
  })

  it('never holds a secret of the bid', async () => {
    await rememberUpload(upload('three'))
    const kept = await pendingUpload('three')
    expect(Object.keys(kept).sort()).toEqual(['files', 'header', 'id', 'messageKey', 'note', 'parts', 'samples', 'size', 'startedAt'])
  })

  it('counts a part as done only when the server has it with the same digest', () => {
    const parts: PendingUpload['parts'] = [[1, { sealed: 'a', plain: 'p' }], [2, { sealed: 'b', plain: 'p' }], [3, { sealed: 'c', plain: 'p' }]]
    const listed = [{ number: 1, digest: 'a' }, { number: 2, digest: 'other' }]
    expect(confirmedParts({ ...upload('x'), parts }, listed).map(([number]) => number)).toEqual([1])
  })

  it('refuses files of another name, size or order', () => {
    const [a, b] = upload('x').files as [PendingUpload['files'][number], PendingUpload['files'][number]]
    expect(() => { checkFiles(upload('x'), [a, b]) }).not.toThrow()
    for (const files of [[b, a], [a], [a, { ...b, size: 8 }], [a, { ...b, name: 'c.pdf' }]]) {
      expect(() => { checkFiles(upload('x'), files) }).toThrow(expect.objectContaining({ code: 'wrong-file' }) as Error)
    }
  })
})
