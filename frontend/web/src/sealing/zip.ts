/** Several files as one uncompressed ZIP with nothing left to chance: same files, same bytes. Large files by zip64. */
import { type Bytes, concat, utf8 } from './bytes'

export interface ZipSource {
  readonly name: string
  readonly content: Blob
}

interface Member {
  readonly name: Bytes
  readonly content: Blob
  readonly crc: number
  readonly offset: number
}

const LIMIT = 0xffffffff
const CHUNK = 4 * 1024 * 1024
/** 1980-01-01 00:00, the earliest a ZIP can say: no clock enters the bytes. */
const DATE = 0x21
const UTF8_NAMES = 0x0800

/** One blob over the files in order of name; nothing is copied, the browser reads the files as the blob is read. */
export async function zipOf(sources: readonly ZipSource[], onRead?: (bytes: number) => void): Promise<Blob> {
  return new Blob(await zipPieces(sources, onRead), { type: 'application/zip' })
}

/** The same in its pieces: headers, the files themselves, directory. */
export async function zipPieces(sources: readonly ZipSource[], onRead?: (bytes: number) => void): Promise<(Blob | Bytes)[]> {
  const members: Member[] = []
  const pieces: (Blob | Bytes)[] = []
  let offset = 0
  for (const { name, content } of uniquelyNamed(sources)) {
    const member = { name: utf8(name), content, crc: await crc32(content, onRead), offset }
    const local = localHeader(member)
    members.push(member)
    pieces.push(local, content)
    offset += local.length + content.size
  }
  const directory = concat(...members.map(directoryEntry))
  return [...pieces, directory, ...endOf(members.length, directory.length, offset)]
}

/** Sorted by code unit; a second file of the same name becomes "name (2).ext". */
export function uniquelyNamed(sources: readonly ZipSource[]): ZipSource[] {
  const seen = new Map<string, number>()
  const named = sources.map((source) => {
    const name = source.name.normalize('NFC').replace(/[/\\]/g, '_')
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return { ...source, name: count === 1 ? name : name.replace(/(\.[^.]*)?$/, ` (${String(count)})$1`) }
  })
  return named.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function localHeader({ name, content, crc }: Member): Bytes {
  const large = content.size >= LIMIT
  const extra = large ? concat(le(2, 1), le(2, 16), le(8, content.size), le(8, content.size)) : new Uint8Array(0)
  const size = le(4, large ? LIMIT : content.size)
  const head = [le(4, 0x04034b50), le(2, large ? 45 : 20), le(2, UTF8_NAMES), le(2, 0), le(2, 0), le(2, DATE), le(4, crc)]
  return concat(...head, size, size, le(2, name.length), le(2, extra.length), name, extra)
}

function directoryEntry({ name, content, crc, offset }: Member): Bytes {
  const large = content.size >= LIMIT || offset >= LIMIT
  const extra = large ? concat(le(2, 1), le(2, 24), le(8, content.size), le(8, content.size), le(8, offset)) : new Uint8Array(0)
  const size = le(4, large ? LIMIT : content.size)
  const version = large ? 45 : 20
  const head = [le(4, 0x02014b50), le(2, version), le(2, version), le(2, UTF8_NAMES), le(2, 0), le(2, 0), le(2, DATE), le(4, crc)]
  const tail = [le(2, 0), le(2, 0), le(2, 0), le(4, 0), le(4, large ? LIMIT : offset)]
  return concat(...head, size, size, le(2, name.length), le(2, extra.length), ...tail, name, extra)
}

function endOf(count: number, length: number, offset: number): Bytes[] {
  const large = offset >= LIMIT || length >= LIMIT || count >= 0xffff
  const end = (value: number, width: number, most: number) => le(width, large ? most : value)
  const counts = end(count, 2, 0xffff)
  const last = concat(le(4, 0x06054b50), le(4, 0), counts, counts, end(length, 4, LIMIT), end(offset, 4, LIMIT), le(2, 0))
  if (!large) return [last]
  const head = [le(4, 0x06064b50), le(8, 44), le(2, 45), le(2, 45), le(4, 0), le(4, 0)]
  const end64 = concat(...head, le(8, count), le(8, count), le(8, length), le(8, offset))
  const locator = concat(le(4, 0x07064b50), le(4, 0), le(8, offset + length), le(4, 1))
  return [end64, locator, last]
}

/** Little-endian integer of `width` bytes. */
function le(width: number, value: number): Bytes {
  const bytes = new Uint8Array(width)
  for (let i = 0, rest = value; i < width; i++, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  return bytes
}

const TABLES = crcTables()

/** CRC-32 of a blob, read chunk by chunk, eight bytes a step. */
export async function crc32(content: Blob, onRead: (bytes: number) => void = () => undefined): Promise<number> {
  let crc = -1
  for (let at = 0; at < content.size; at += CHUNK) {
    const chunk = new Uint8Array(await content.slice(at, at + CHUNK).arrayBuffer())
    crc = crcOf(chunk, crc)
    onRead(chunk.length)
  }
  return ~crc >>> 0
}

function crcOf(bytes: Bytes, start: number): number {
  const table = (slice: number, byte: number) => TABLES[slice * 256 + byte] as number
  const view = new DataView(bytes.buffer)
  let crc = start
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) {
    const low = crc ^ view.getInt32(at, true)
    const high = view.getInt32(at + 4, true)
    crc =
      table(7, low & 0xff) ^ table(6, (low >>> 8) & 0xff) ^ table(5, (low >>> 16) & 0xff) ^ table(4, low >>> 24) ^
      table(3, high & 0xff) ^ table(2, (high >>> 8) & 0xff) ^ table(1, (high >>> 16) & 0xff) ^ table(0, high >>> 24)
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ table(0, (crc ^ (bytes[at] as number)) & 0xff)
  return crc
}

function crcTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    tables[byte] = crc
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256] as number
    tables[i] = (before >>> 8) ^ (tables[before & 0xff] as number)
  }
  return tables
}
