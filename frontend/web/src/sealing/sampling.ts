/** The ends of ten segments by which a file chosen again is known before anything is sent: first, last, and eight between. */
import { random, sha256Hex } from './bytes'
import { insist } from './faults'
import { plainSegment, segmentCount } from './floe'
import { readBytes } from './parts'
import type { Sample } from './protocol'

/** Of each segment its last MiB: whole segments would delay the first byte by a fifth of the upload. */
const SAMPLE = 1 << 20

/** First, last and up to eight random positions between. */
export function samplePositions(count: number): number[] {
  const chosen = new Set([0, count - 1])
  const draws = new Uint32Array(random(4 * 64).buffer)
  for (const draw of draws) if (chosen.size < 10) chosen.add(draw % count)
  return [...chosen].sort((a, b) => a - b)
}

export async function takeSamples(body: Blob, segment: number): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const position of samplePositions(segmentCount(body.size, segment))) {
    samples.push({ position, sha256: await sampleOf(body, position, segment) })
  }
  return samples
}

/** Refuses a body that differs in a sample. */
export async function compareSamples(body: Blob, segment: number, samples: readonly Sample[]): Promise<void> {
  for (const { position, sha256 } of samples) {
    insist(sha256 === (await sampleOf(body, position, segment)), 'wrong-file', 'another file than the one whose upload began')
  }
}

async function sampleOf(body: Blob, position: number, segment: number): Promise<string> {
  const length = plainSegment(segment)
  const end = Math.min((position + 1) * length, body.size)
  return sha256Hex(await readBytes(body, Math.max(position * length, end - SAMPLE), end))
}
