/** From chosen files to the one body that is sealed: a single file as it is, several as an uncompressed ZIP. */
import { canonicalBytes } from './canonical'
import type { Chosen } from './upload'
import { zipOf } from './zip'

/** The body of a bid. `onRead` counts bytes read for the checksums of several files (a single file is not read here). */
export async function bodyOf(files: readonly File[], onRead?: (bytes: number) => void): Promise<Chosen> {
  const ordered = [...files].sort((a, b) => (a.name < b.name ? -1 : 1))
  const [only] = ordered
  const body = ordered.length === 1 && only !== undefined ? only : await zipOf(ordered.map((file) => ({ name: file.name, content: file })), onRead)
  return { body, files: ordered.map(({ name, size }) => ({ name, size })) }
}

/** The body of an opening statement: JCS of `{v:1, fields}`; values are texts, a price a decimal string in yuan. */
export function statementOf(fields: Readonly<Record<string, string>>): Chosen {
  const body = new Blob([canonicalBytes({ v: 1, fields })], { type: 'application/json' })
  return { body, files: [{ name: 'statement', size: body.size }] }
}
