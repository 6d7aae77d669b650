/** The browser's judgement of grounds is the command line's, case by case. */
import { describe, expect, it } from 'vitest'
import { KeptEvidence, momentOf, type Terms } from '@/ledger/validity'
import { fromBase64 } from '@/sealing/bytes'
import type { JsonObject } from '@/sealing/canonical'
import { vector } from '../vectors'

interface Listed { valid_from: string; valid_to: string; status: string; policies: string[] }
interface Case { name: string; at: string; body: JsonObject; terms: Record<string, Listed>; without: string[]; finding: string }

const { cases, evidence } = vector<{ cases: Case[]; evidence: Record<string, string> }>('grounds.json')
const held = Object.entries(evidence).map(([name, der]) => [name, fromBase64(der)] as const)

function termsOf(listed: Case['terms']): Map<string, Terms> {
  return new Map(Object.entries(listed).map(([name, each]) => [name, {
    validFrom: momentOf(each.valid_from), validTo: momentOf(each.valid_to), isSuspended: each.status === 'suspended', policies: each.policies,
  }]))
}

describe('grounds judged again', () => {
  it.each(cases)('$name: $finding', async ({ at, body, terms, without, finding }) => {
    const kept = new KeptEvidence(new Map(held.filter(([name]) => !without.includes(name))))
    const found = kept.judge(body, momentOf(at), termsOf(terms)).then(() => 'holds', (error: unknown) => (error as Error).message)
    expect(await found).toBe(finding)
  })
})
