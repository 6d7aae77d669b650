// The files within an opened bid: the body is one PDF, or a ZIP whose members lie in it as they are. Only the ends of
// it are fetched to find that out; the viewer then reads what it shows by range.
import { api } from '@/api/client'
import type { Bytes } from '@/sealing/bytes'
import { contentOffset, type ReadRange, zipMembers } from '@/sealing/zipDirectory'

/** An opened body: where its bytes are read, and the digest of what its bidder signed. */
export interface Body { url: string; size: number; sha256: string; check: string }
export interface OpenedEnvelope { envelope: 'whole' | 'technical' | 'price'; body: Body }
/** `offset` within the body at `url`; null where the file is packed and cannot be read page by page. */
export interface BidFile { name: string; size: number; offset: number | null; url: string }
/** What lies in one envelope; `kind` is the ending of its body, as it was sealed. */
export interface EnvelopeFiles extends OpenedEnvelope { files: BidFile[]; kind: 'zip' | 'pdf' | 'bin' }

const readerOf = (url: string): ReadRange => async (offset, length): Promise<Bytes> => {
  if (length === 0) return new Uint8Array(0)
  const answer = await api.raw('GET', url, undefined, { timeout: 60_000, headers: { Range: `bytes=${String(offset)}-${String(offset + length - 1)}` } })
  return new Uint8Array(await answer.arrayBuffer())
}

/** The files of these envelopes; a body that is one file bears the bidder's name. */
export async function filesOf(opened: OpenedEnvelope[], bidder: string): Promise<EnvelopeFiles[]> {
  return Promise.all(opened.map(async (each) => ({ ...each, ...await filesIn(each.body, bidder) })))
}

async function filesIn({ url, size }: Body, bidder: string): Promise<Pick<EnvelopeFiles, 'files' | 'kind'>> {
  const read = readerOf(url)
  const members = size >= 22 ? await zipMembers(size, read) : null
  if (members) {
    const files = members.filter((member) => member.size).map(async (member) => ({ name: member.name, size: member.size, offset: member.method === 0 ? await contentOffset(member, read) : null, url }))
    return { files: await Promise.all(files), kind: 'zip' }
  }
  const kind = await isPdf(size, read) ? 'pdf' : 'bin'
  return { files: [{ name: `${bidder}.${kind}`, size, offset: 0, url }], kind }
}

async function isPdf(size: number, read: ReadRange): Promise<boolean> {
  const head = await read(0, Math.min(5, size))
  return new TextDecoder().decode(head) === '%PDF-'
}

export const isShown = (file: BidFile): boolean => /\.(pdf|png|jpe?g)$/i.test(file.name)

/** Where the browser's viewer finds a file; it asks for the pages it shows. */
export function addressOf(file: BidFile, page = ''): string {
  const query = new URLSearchParams({ offset: String(file.offset), length: String(file.size), name: file.name })
  const leaf = /^\d{1,5}$/.test(page) && /\.pdf$/i.test(file.name) ? `#page=${page}` : ''
  return `${file.url.replace(/\/body$/, '/file')}?${query.toString()}${leaf}`
}
