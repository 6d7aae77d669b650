/** The little of ASN.1 DER that certificates and signatures need; every node keeps its own raw bytes. */
import { type Bytes, concat, plainBytes, textOf } from './bytes'
import { insist } from './faults'

export interface DerNode {
  readonly tag: number
  readonly body: Bytes
  readonly raw: Bytes
}

/** Reads one value that fills `bytes` exactly. */
export function readDer(bytes: Uint8Array): DerNode {
  const node = readAt(plainBytes(bytes), 0)
  insist(node.raw.length === bytes.length, 'malformed', 'bytes after the DER value')
  return node
}

/** The values inside a constructed value. */
export function children(node: DerNode): DerNode[] {
  insist((node.tag & 0x20) !== 0, 'malformed', 'not a constructed DER value')
  const found: DerNode[] = []
  for (let at = 0; at < node.body.length; ) {
    const child = readAt(node.body, at)
    found.push(child)
    at += child.raw.length
  }
  return found
}

export function childAt(node: DerNode, index: number): DerNode {
  const child = children(node)[index]
  insist(child !== undefined, 'malformed', 'DER value is missing')
  return child
}

export function derOf(tag: number, ...bodies: readonly Uint8Array[]): Bytes {
  const body = concat(...bodies)
  const digits: number[] = []
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  const length = body.length < 128 ? [body.length] : [0x80 | digits.length, ...digits]
  return concat(new Uint8Array([tag, ...length]), body)
}

export function oidOf(node: DerNode): string {
  insist(node.tag === 0x06, 'malformed', 'an object identifier is expected')
  const arcs: number[] = []
  let value = 0
  for (const byte of node.body) {
    value = value * 128 + (byte & 0x7f)
    if ((byte & 0x80) === 0) {
      arcs.push(value)
      value = 0
    }
  }
  const first = arcs.shift() ?? 0
  const top = Math.min(2, Math.floor(first / 40))
  return [top, first - top * 40, ...arcs].join('.')
}

/** Text of any of the string types names are made of. */
export function stringOf(node: DerNode): string {
  if (node.tag === 0x1e) return new TextDecoder('utf-16be').decode(node.body)
  if (node.tag === 0x0c) return textOf(node.body)
  return Array.from(node.body, (byte) => String.fromCharCode(byte)).join('')
}

/** UTCTime or GeneralizedTime in UTC, as RFC 5280 writes them. */
export function timeOf(node: DerNode): Date {
  const text = stringOf(node)
  const digits = node.tag === 0x17 ? (Number(text.slice(0, 2)) < 50 ? '20' : '19') + text : text
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits)
  insist(match !== null && (node.tag === 0x17 || node.tag === 0x18), 'malformed', 'not a DER time in UTC')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second))
}

function readAt(bytes: Bytes, at: number): DerNode {
  const tag = bytes[at]
  const first = bytes[at + 1]
  insist(tag !== undefined && first !== undefined && (tag & 0x1f) !== 0x1f, 'malformed', 'DER value is cut short')
  let length = first
  let start = at + 2
  if (first >= 0x80) {
    const count = first & 0x7f
    insist(count >= 1 && count <= 4, 'malformed', 'DER length out of range')
    length = bytes.subarray(start, start + count).reduce((sum, byte) => sum * 256 + byte, 0)
    start += count
    insist(length >= 128, 'malformed', 'DER length is not minimal')
  }
  insist(start + length <= bytes.length, 'malformed', 'DER value is cut short')
  return { tag, body: bytes.slice(start, start + length), raw: bytes.slice(at, start + length) }
}
