/** The page's verdict on every file of a folder, and the points that do not hold, written beside them: what the Python verifier is compared with. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { judgeFile } from '@/ledger/evidence'
import { outcome } from '@/ledger/findings'
import { platformTrust } from '@/sealing/notice'

it('judges a folder', { timeout: 300_000 }, async () => {
  const folder = process.env.EVIDENCE ?? ''
  const anchor = JSON.parse(readFileSync(join(folder, 'anchor.json'), 'utf8')) as { key: string; roots: string[] }
  const trust = await platformTrust(anchor.roots)
  const verdicts: Record<string, boolean | null> = {}
  const points: Record<string, string[]> = {}
  for (const name of readdirSync(join(folder, 'files'))) {
    const found = await judgeFile(new Uint8Array(readFileSync(join(folder, 'files', name))), { key: anchor.key, trust, expected: null })
    verdicts[name] = outcome(found.findings)
    points[name] = found.findings.filter((each) => each.verdict !== 'holds').map((each) => each.point)
  }
  expect(Object.keys(verdicts).length).toBeGreaterThan(0)
  writeFileSync(join(folder, 'verdicts.json'), JSON.stringify(verdicts))
  writeFileSync(join(folder, 'points.json'), JSON.stringify(points))
})
