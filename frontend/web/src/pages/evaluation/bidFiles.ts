// The files within an opened bid: the body is one PDF, or a ZIP whose members lie in it as they are. Only the ends of
// it are fetched to find that out; the viewer then reads what it shows by range.
import { api } from '@/api/client'
import type { Bytes } from '@/sealing/bytes'
import { contentOffset, type ReadRange, zipMembers } from '@/sealing/zipDirectory'
import type { DeskBid } from './types'

export interface BidFile { name: string; size: number; offset: number | null }

const readerOf = (url: string): ReadRange => async (offset, length): Promise<Bytes> => {
  if (length === 0) return new Uint8Array(0)
  const answer = await api.raw('GET', url, undefined, { timeout: 60_000, headers: { Range: `bytes=${String(offset)}-${String(offset + length - 1)}` } })
  return new Uint8Array(await answer.arrayBuffer())
}

export async function filesOf(bid: DeskBid): Promise<BidFile[]> {
  const read = readerOf(bid.body.url)
  const members = bid.body.size >= 22 ? await zipMembers(bid.body.size, read) : null
  if (members) return Promise.all(members.filter((member) => member.size).map(async (member) => ({ name: member.name, size: member.size, offset: member.method === 0 ? await contentOffset(member, read) : null })))
  return [{ name: await isPdf(bid, read) ? `${bid.name}.pdf` : `${bid.name}.bin`, size: bid.body.size, offset: 0 }]
}

async function isPdf(bid: DeskBid, read: ReadRange): Promise<boolean> {
  const head = await read(0, Math.min(5, bid.body.size))
  return new TextDecoder().decode(head) === '%PDF-'
}

export const isShown = (file: BidFile): boolean => /\.(pdf|png|jpe?g)$/i.test(file.name)

/** Where the browser's viewer finds a file; it asks for the pages it shows. */
export function addressOf(bid: DeskBid, file: BidFile, page = ''): string {
  const query = new URLSearchParams({ offset: String(file.offset), length: String(file.size), name: file.name })
  const leaf = /^\d{1,5}$/.test(page) && /\.pdf$/i.test(file.name) ? `#page=${page}` : ''
  return `${bid.body.url.replace(/\/body$/, '/file')}?${query.toString()}${leaf}`
}
