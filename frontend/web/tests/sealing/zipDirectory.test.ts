import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { bodyOf } from '@/sealing/body'
import { type Bytes, equal, utf8 } from '@/sealing/bytes'
import { contentOffset, type ReadRange, zipMembers } from '@/sealing/zipDirectory'
import { plaintext } from '../vectors'

/** A file that lies elsewhere: what was asked for is counted. */
function elsewhere(bytes: Bytes): { size: number; read: ReadRange; asked: () => number } {
  let sum = 0
  return {
    size: bytes.length,
    asked: () => sum,
    read: async (offset, length) => {
      sum += length
      return bytes.slice(offset, offset + length)
    },
  }
}

/** A ZIP as Python writes it: the second member compressed, a comment at the end. */
function byPython(program: string): Bytes {
  return new Uint8Array(execFileSync('python3', ['-c', `import io,sys,zipfile\nb=io.BytesIO()\nz=zipfile.ZipFile(b,'w')\n${program}\nz.close()\nsys.stdout.buffer.write(b.getvalue())`], { maxBuffer: 1 << 26 }))
}

describe('the directory of a ZIP that lies elsewhere', () => {
  it('lists what the sealing put in, and each member is found at its place', async () => {
    const large = plaintext(1_000_000)
    const { body } = await bodyOf([new File([large], '技术标.pdf'), new File([utf8('%PDF-b')], '商务标.pdf')])
    const far = elsewhere(new Uint8Array(await body.arrayBuffer()))
    const members = await zipMembers(far.size, far.read)
    expect(members?.map(({ name, size, method }) => [name, size, method])).toEqual([['商务标.pdf', 6, 0], ['技术标.pdf', 1_000_000, 0]])
    const [small, big] = members ?? []
    if (!small || !big) throw new Error('two members')
    expect(await far.read(await contentOffset(small, far.read), small.size)).toEqual(utf8('%PDF-b'))
    expect(far.asked()).toBeLessThan(200_000)
    expect(equal(await far.read(await contentOffset(big, far.read), big.size), large)).toBe(true)
  })

  it('reads a stranger’s ZIP: comment, compressed member, zip64 sizes', async () => {
    const far = elsewhere(byPython("z.comment=b'c'*300\nz.writestr('a.txt',b'aa')\nz.writestr(zipfile.ZipInfo('b/标.txt'),b'bb'*999,zipfile.ZIP_DEFLATED)\nf=z.open('big.bin','w',force_zip64=True)\nf.write(b'x'*70000)\nf.close()"))
    const members = await zipMembers(far.size, far.read)
    expect(members?.map(({ name, size, method }) => [name, size, method])).toEqual([['a.txt', 2, 0], ['b/标.txt', 1998, 8], ['big.bin', 70_000, 0]])
    const third = members?.[2]
    if (!third) throw new Error('three members')
    expect(await far.read(await contentOffset(third, far.read), 3)).toEqual(utf8('xxx'))
  })

  it('reads a directory of more members than 16 bits count', async () => {
    const far = elsewhere(byPython("for n in range(65600): z.writestr(f'{n}',b'')"))
    const members = await zipMembers(far.size, far.read)
    expect(members?.length).toBe(65_600)
    expect(members?.at(-1)?.name).toBe('65599')
  })

  it('is none where the file is no ZIP, and is refused where it lies', async () => {
    const pdf = elsewhere(utf8('%PDF-1.7 no archive at all, only a page'))
    expect(await zipMembers(pdf.size, pdf.read)).toBeNull()
    const bytes = byPython("z.writestr('a.txt',b'aa')")
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.length - 6, 0x7fffff00, true)
    const lying = elsewhere(bytes)
    await expect(zipMembers(lying.size, lying.read)).rejects.toThrow('outside')
  })
})
