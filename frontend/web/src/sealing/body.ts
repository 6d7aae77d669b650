/** From chosen files to the one body that is sealed: a single file as it is, several as an uncompressed ZIP. */
import type { Bytes } from './bytes'
import { canonicalBytes, type JsonObject } from './canonical'
import { insist } from './faults'
import type { Chosen } from './upload'
import { zipOf } from './zip'

/** The body of a bid. `onRead` counts bytes read for the checksums of several files (a single file is not read here). */
export async function bodyOf(files: readonly File[], onRead?: (bytes: number) => void): Promise<Chosen> {
  const ordered = [...files].sort((a, b) => (a.name < b.name ? -1 : 1))
  const [only] = ordered
  const body = ordered.length === 1 && only !== undefined ? only : await zipOf(ordered.map((file) => ({ name: file.name, content: file })), onRead)
  return { body, files: ordered.map(({ name, size }) => ({ name, size })) }
}

export type Letter = { readonly data: JsonObject; readonly pdf: string }
export type StatementExtras = { readonly guarantee?: Letter | null; readonly size?: number | null }

/**
 * The body of an opening statement: JCS of `{v:1, fields, guarantee?, pad?}`; values are texts, a price a decimal string
 * in yuan. Where the lot asks for one length, blanks in `pad` make it: no size tells who sealed a letter along.
 */
export function statementOf(fields: Readonly<Record<string, string>>, { guarantee, size }: StatementExtras = {}): Chosen {
  const told = { v: 1, fields, ...(guarantee ? { guarantee } : {}) }
  const bytes = size ? padded(told, size) : canonicalBytes(told)
  const body = new Blob([bytes], { type: 'application/json' })
  return { body, files: [{ name: 'statement', size: body.size }] }
}

function padded(told: JsonObject, size: number): Bytes {
  const blanks = size - canonicalBytes({ ...told, pad: '' }).length
  insist(blanks >= 0, 'malformed', 'the statement with its letter is longer than the lot allows')
  return canonicalBytes({ ...told, pad: ' '.repeat(blanks) })
}
