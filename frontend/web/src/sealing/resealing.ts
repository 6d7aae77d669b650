/** An object made again from its plaintext, segment by segment; none leaves that is not the one of the signed manifest. */
import { type Bytes, hex, sha256 } from './bytes'
import { insist } from './faults'
import { type Floe, sealSegment } from './floe'
import { deliver, inLanes, readSegment, type Road } from './parts'

export interface Resealing {
  readonly body: Blob
  readonly floe: Floe
  /** Of each segment: the IV of the recipe, and the SHA-256 (hex) that the manifest names. */
  readonly ivs: readonly Bytes[]
  readonly parts: readonly string[]
}

// Sealing keeps two cores busy; more lanes would only hold more segments at once.
const LANES = 2

/** Makes every segment once and keeps none; refuses the first that differs. */
export function checkAgain(job: Resealing, onMade: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  return inLanes(job.parts.length, LANES, signal, async (position) => {
    onMade((await partAgain(job, position)).sealed.length)
  })
}

/** Sends the parts of these numbers (from 1). */
export function sendAgain(job: Resealing, numbers: readonly number[], road: Road, signal: AbortSignal): Promise<void> {
  return inLanes(numbers.length, LANES, signal, async (at, both) => {
    const number = numbers[at] as number
    const { sealed, digest } = await partAgain(job, number - 1)
    await deliver(road, number, sealed, digest, both)
  })
}

async function partAgain({ body, floe, ivs, parts }: Resealing, position: number): Promise<{ sealed: Bytes; digest: Bytes }> {
  const sealed = await sealSegment(floe, position, position === parts.length - 1, await readSegment(body, position, floe.segment), ivs[position])
  const digest = await sha256(sealed)
  insist(hex(digest) === parts[position], 'other-part', 'a segment is not the one of the manifest', { number: position + 1, of: parts.length })
  return { sealed, digest }
}
