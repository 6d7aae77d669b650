import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 as zlibCrc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bodyOf, statementOf } from '@/sealing/body'
import { fromHex, hex, utf8 } from '@/sealing/bytes'
import { crc32, zipPieces } from '@/sealing/zip'
import { plaintext, vector } from '../vectors'

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer())
}

/** Reads a ZIP with Python's zipfile: names and contents. */
async function readByPython(zip: Blob): Promise<[string, string][]> {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'))
  try {
    writeFileSync(join(folder, 'a.zip'), await bytesOf(zip))
    const program = 'import sys,json,zipfile,hashlib\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nprint(json.dumps([[i.filename,hashlib.sha256(z.read(i)).hexdigest()] for i in z.infolist()]))'
    return JSON.parse(execFileSync('python3', ['-c', program, join(folder, 'a.zip')]).toString()) as [string, string][]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const files = () => [
  new File([plaintext(100_000)], '技术标.pdf', { lastModified: 1 }),
  new File([utf8('b')], '商务标.pdf', { lastModified: 2 }),
  new File([], 'empty.txt'),
  new File([utf8('other')], '商务标.pdf'),
]

describe('several files as one ZIP', () => {
  it('are the bytes that the command line makes', async () => {
    const given = vector<{ files: { name: string; content: string }[]; zip: string }>('body-zip.json')
    const { body } = await bodyOf(given.files.map(({ name, content }) => new File([fromHex(content)], name)))
    expect(hex(new Uint8Array(await body.arrayBuffer()))).toBe(given.zip)
  })

  it('are read by a stranger, names and bytes', async () => {
    const { body } = await bodyOf(files())
    const read = await readByPython(body)
    expect(read.map(([name]) => name)).toEqual(['empty.txt', '商务标 (2).pdf', '商务标.pdf', '技术标.pdf'])
    expect(new Set(read.map(([, digest]) => digest)).size).toBe(4)
  })

  it('give the same bytes whatever the order and the dates', async () => {
    const [a, b, c] = files() as [File, File, File, File]
    const first = await bodyOf([a, b, c])
    const second = await bodyOf([c, new File([b], b.name, { lastModified: 99 }), a])
    expect(await bytesOf(first.body)).toEqual(await bytesOf(second.body))
    expect(first.files).toEqual(second.files)
  })

  it('count the bytes read, and agree with zlib on the checksum', async () => {
    const content = plaintext(5_000_003)
    let read = 0
    expect(await crc32(new Blob([content]), (bytes) => { read += bytes })).toBe(zlibCrc32(content))
    expect(read).toBe(content.length)
  })

  it('beyond 4 GiB carry zip64 sizes and offsets', async () => {
    // The blob only claims its size, so that no 4 GiB need be read: what is under test is the directory.
    const size = 5 * 2 ** 30
    const large = new Blob([utf8('x')])
    Object.defineProperty(large, 'size', { value: size })
    Object.defineProperty(large, 'slice', { value: () => new Blob([]) })
    const pieces = await zipPieces([{ name: 'a', content: large }, { name: 'b', content: new Blob([utf8('y')]) }])
    const bytes = Buffer.concat(await Promise.all(pieces.map(async (piece) => Buffer.from(piece === large ? [] : piece instanceof Blob ? await bytesOf(piece) : piece))))
    const directory = bytes.indexOf(Buffer.from('504b0102', 'hex'))
    const second = bytes.indexOf(Buffer.from('504b0102', 'hex'), directory + 4)
    expect(bytes.readUInt32LE(directory + 20)).toBe(0xffffffff)
    expect(bytes.readBigUInt64LE(directory + 46 + 1 + 4)).toBe(BigInt(size))
    const offset = BigInt(size) + 30n + 1n + 20n
    expect(bytes.readUInt32LE(second + 42)).toBe(0xffffffff)
    expect(bytes.readBigUInt64LE(second + 46 + 1 + 4 + 16)).toBe(offset)
    const end64 = bytes.indexOf(Buffer.from('504b0606', 'hex'))
    expect(bytes.readBigUInt64LE(end64 + 48)).toBe(offset + 32n)
    expect(bytes.indexOf(Buffer.from('504b0607', 'hex'))).toBe(end64 + 56)
  })
})

describe('the body', () => {
  it('of one file is the file itself', async () => {
    const [file] = files() as [File]
    const { body, files: named } = await bodyOf([file])
    expect(body).toBe(file)
    expect(named).toEqual([{ name: '技术标.pdf', size: 100_000 }])
  })

  it('of a statement is canonical JSON', async () => {
    const { body } = statementOf({ price: '8730000.00', duration: '180', manager: '李四' })
    expect(await body.text()).toBe('{"fields":{"duration":"180","manager":"李四","price":"8730000.00"},"v":1}')
  })
})
