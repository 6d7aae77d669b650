/** Lists a ZIP that lies elsewhere by reading its end and its directory only; stored members are read by their place. */
import { type Bytes, textOf } from './bytes'
import { Fault, insist } from './faults'

/** Reads bytes [offset, offset + length) of the file. */
export type ReadRange = (offset: number, length: number) => Promise<Bytes>

export interface ZipMember {
  readonly name: string
  readonly size: number
  /** Where the local header stands; the content lies behind it. */
  readonly header: number
  /** 0 for a member stored as it is; only such a member can be read by range. */
  readonly method: number
}

const END = 0x06054b50
const END64 = 0x06064b50
const LOCATOR64 = 0x07064b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50
const LONGEST_TAIL = 22 + 0xffff + 20
const MOST_DIRECTORY = 16 * 1024 * 1024
const FULL = 0xffffffff

/** The members in the order of the directory, or null when the file is no ZIP. */
export async function zipMembers(size: number, read: ReadRange): Promise<ZipMember[] | null> {
  const length = Math.min(size, LONGEST_TAIL)
  const tail = await read(size - length, length)
  const end = endAt(tail)
  if (end < 0) return null
  const { count, at, bytes } = await directoryOf(tail, end, size - length, read)
  insist(bytes <= MOST_DIRECTORY && at + bytes <= size, 'malformed', 'directory outside the file')
  return entries(await read(at, bytes), count)
}

/** Where a member's content begins: behind its local header, whose names may differ in length from the directory's. */
export async function contentOffset(member: ZipMember, read: ReadRange): Promise<number> {
  const head = view(await read(member.header, 30))
  insist(head.getUint32(0, true) === LOCAL, 'malformed', 'no local header')
  return member.header + 30 + head.getUint16(26, true) + head.getUint16(28, true)
}

function endAt(tail: Bytes): number {
  const bytes = view(tail)
  for (let at = tail.length - 22; at >= 0; at--) {
    if (bytes.getUint32(at, true) === END && at + 22 + bytes.getUint16(at + 20, true) === tail.length) return at
  }
  return -1
}

interface Directory { readonly count: number; readonly at: number; readonly bytes: number }

async function directoryOf(tail: Bytes, end: number, base: number, read: ReadRange): Promise<Directory> {
  const bytes = view(tail)
  const found = { count: bytes.getUint16(end + 10, true), bytes: bytes.getUint32(end + 12, true), at: bytes.getUint32(end + 16, true) }
  if (found.count !== 0xffff && found.bytes !== FULL && found.at !== FULL) return found
  insist(end >= 20 && bytes.getUint32(end - 20, true) === LOCATOR64, 'malformed', 'no zip64 locator')
  const place = integer(bytes, end - 20 + 8)
  const large = view(place >= base ? tail.slice(place - base, place - base + 56) : await read(place, 56))
  insist(large.getUint32(0, true) === END64, 'malformed', 'no zip64 end')
  return { count: integer(large, 32), bytes: integer(large, 40), at: integer(large, 48) }
}

function entries(directory: Bytes, count: number): ZipMember[] {
  const bytes = view(directory)
  const members: ZipMember[] = []
  for (let at = 0; members.length < count;) {
    insist(at + 46 <= directory.length && bytes.getUint32(at, true) === ENTRY, 'malformed', 'no directory entry')
    const [name, extra, comment] = [28, 30, 32].map((place) => bytes.getUint16(at + place, true)) as [number, number, number]
    const given = { size: bytes.getUint32(at + 24, true), packed: bytes.getUint32(at + 20, true), header: bytes.getUint32(at + 42, true) }
    const { size, header } = large(bytes, at + 46 + name, extra, given)
    members.push({ name: nameOf(directory.slice(at + 46, at + 46 + name)), size, header, method: bytes.getUint16(at + 10, true) })
    at += 46 + name + extra + comment
  }
  return members
}

/** Sizes that do not fit 32 bits stand in the zip64 extra field, in a fixed order, each only where it was full. */
function large(bytes: DataView, from: number, length: number, given: { size: number; packed: number; header: number }): { size: number; header: number } {
  const found = { ...given }
  for (let at = from; at + 4 <= from + length; at += 4 + bytes.getUint16(at + 2, true)) {
    if (bytes.getUint16(at, true) !== 1) continue
    let place = at + 4
    for (const key of ['size', 'packed', 'header'] as const) {
      if (given[key] !== FULL) continue
      found[key] = integer(bytes, place)
      place += 8
    }
  }
  return found
}

function nameOf(bytes: Bytes): string {
  try {
    return textOf(bytes)
  } catch {
    return new TextDecoder('gb18030').decode(bytes) // what older programs in China write
  }
}

function integer(bytes: DataView, at: number): number {
  const value = Number(bytes.getBigUint64(at, true))
  if (!Number.isSafeInteger(value)) throw new Fault('malformed', 'a size beyond reason')
  return value
}

const view = (bytes: Bytes): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
