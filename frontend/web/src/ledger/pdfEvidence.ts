/** What lies in a PDF beside its signatures: the time that a signer claims; certificates, OCSP answers and CRLs. */
import type * as pkijs from 'pkijs'
import type { Bytes } from '@/sealing/bytes'

const SIGNING_TIME = '1.2.840.113549.1.9.5'
const MOMENT = /\/M\s*\(D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z|([+-])(\d\d)'(\d\d)?)?/
const STREAM = /stream\r?\n/g
const END = 'endstream'
/** Larger streams are pages and fonts. */
const LARGEST = 4 << 20

/** The bytes that a signature covers: `[first, gap)` and `length` from `second`. */
export interface Range {
  readonly first: number
  readonly gap: number
  readonly second: number
  readonly length: number
}

/** When the signer says it signed: the signed attribute, or the entry /M of the signature's dictionary; null where it says nothing. */
export function claimedIn(signed: pkijs.SignedData, text: string, range: Range): Date | null {
  const attribute = signed.signerInfos[0]?.signedAttrs?.attributes.find((item) => item.type === SIGNING_TIME)
  const [value] = (attribute?.values ?? []) as { toDate?(): Date }[]
  if (value?.toDate) return value.toDate()
  const end = text.indexOf('endobj', range.second)
  const covered = text.slice(text.lastIndexOf('obj', range.gap), range.gap) + text.slice(range.second, Math.min(end < 0 ? text.length : end, range.second + range.length))
  // Programs write a colon as \072, as strings of PDF may.
  const found = MOMENT.exec(covered.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))))
  if (found === null) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number)
  const ahead = (Number(found[8] ?? 0) * 60 + Number(found[9] ?? 0)) * (found[7] === '-' ? -1 : 1)
  return new Date(Date.UTC(year, month - 1, day, hour, minute - ahead, second))
}

/** The content of every stream that may be a word of a CA, as it lies there or inflated. */
export async function wordsIn(bytes: Bytes, text: string): Promise<Bytes[]> {
  const found: Bytes[] = []
  for (const match of text.matchAll(STREAM)) {
    const start = match.index + match[0].length
    const length = /\/Length\s+(\d+)(?!\d*\s+\d+\s+R)/.exec(text.slice(text.lastIndexOf('obj', match.index), match.index))?.[1]
    const end = length === undefined ? text.indexOf(END, start) : start + Number(length)
    if (end < start || end - start > LARGEST) continue
    const raw = bytes.slice(start, end)
    const content = raw[0] === 0x30 ? raw : await inflated(raw)
    if (content?.[0] === 0x30) found.push(derOf(content))
  }
  return found
}

/** Cut to its own length: a line feed may stand before `endstream`. */
function derOf(content: Bytes): Bytes {
  const wide = (content[1] ?? 0) & 0x80 ? (content[1] ?? 0) & 0x7f : 0
  const length = wide ? content.subarray(2, 2 + wide).reduce((sum, byte) => sum * 256 + byte, 0) : (content[1] ?? 0)
  return content.slice(0, 2 + wide + length)
}

async function inflated(raw: Bytes): Promise<Bytes | null> {
  if (raw[0] !== 0x78) return null
  try {
    const reader = new Blob([raw]).stream().pipeThrough(new DecompressionStream('deflate')).getReader()
    const pieces: Uint8Array[] = []
    let size = 0
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      pieces.push(next.value)
      size += next.value.length
      // A page or a font: no word of a CA begins like that.
      if (pieces[0]?.[0] !== 0x30 || size > LARGEST) return null
    }
    return new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer())
  } catch {
    return null
  }
}
