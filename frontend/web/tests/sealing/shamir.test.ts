import { combine as combineTheirs, split as splitTheirs } from 'shamir-secret-sharing'
import { describe, expect, it } from 'vitest'
import { random } from '@/sealing/bytes'
import { combine, split } from '@/sealing/shamir'

describe('the sharing of S_P', () => {
  it('gives the secret back from any k of n shares', () => {
    const secret = random(32)
    const shares = split(secret, 2, 4)
    for (let i = 0; i < 4; i++) for (let j = 0; j < 4; j++) if (i !== j) expect(combine([shares[i], shares[j]] as Uint8Array[])).toEqual(secret)
    expect(combine(split(secret, 5, 5))).toEqual(secret)
    expect(combine(split(secret, 1, 1))).toEqual(secret)
  })

  it('gives another secret from too few shares', () => {
    const secret = random(32)
    expect(combine(split(secret, 3, 3).slice(0, 2))).not.toEqual(secret)
  })

  it('is read by npm shamir-secret-sharing', async () => {
    const secret = random(32)
    const shares = split(secret, 3, 5)
    expect(await combineTheirs([shares[4], shares[0], shares[2]] as Uint8Array[])).toEqual(secret)
  })

  it('reads what npm shamir-secret-sharing splits', async () => {
    const secret = random(32)
    const shares = await splitTheirs(secret, 5, 3)
    expect(combine([shares[1], shares[3], shares[4]] as Uint8Array[])).toEqual(secret)
  })

  it('refuses one custodian of several who could open alone, repeated and zero indices', () => {
    expect(() => split(random(32), 1, 3)).toThrow()
    expect(() => split(random(32), 4, 3)).toThrow()
    const [share] = split(random(32), 2, 2)
    expect(() => combine([share, share] as Uint8Array[])).toThrow()
    expect(() => combine([new Uint8Array(33)])).toThrow()
    expect(() => combine([])).toThrow()
  })
})
