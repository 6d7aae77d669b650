/** Shamir's secret sharing over GF(2^8), polynomial 0x11b; a share is y ‖ x (33 bytes for a 32-byte secret). */
import { type Bytes, random } from './bytes'
import { insist } from './faults'

/** Splits `secret` into shares x = 1..n of which any k give it back. `coefficients` (k−1 rows, highest use last) only for known answers. */
export function split(secret: Bytes, k: number, n: number, coefficients?: readonly Bytes[]): Bytes[] {
  insist(n >= 1 && n <= 255 && k >= 1 && k <= n, 'malformed', 'k of n is out of range')
  insist(n === 1 || k >= 2, 'malformed', 'more than one custodian needs a threshold of two')
  const rows = coefficients ?? Array.from({ length: k - 1 }, () => random(secret.length))
  insist(rows.length === k - 1 && rows.every((row) => row.length === secret.length), 'malformed', 'wrong coefficients')
  const shares = Array.from({ length: n }, (_, i) => evaluate(secret, rows, i + 1))
  if (coefficients === undefined) for (const row of rows) row.fill(0)
  return shares
}

/** Combines shares with distinct x; too few or wrong shares give a wrong secret, which only the commitment shows. */
export function combine(shares: readonly Uint8Array[]): Bytes {
  const length = (shares[0]?.length ?? 0) - 1
  insist(length >= 1 && shares.every((share) => share.length === length + 1), 'malformed', 'shares differ in length')
  const xs = shares.map((share) => share[length] as number)
  insist(new Set(xs).size === xs.length && !xs.includes(0), 'malformed', 'shares must have distinct, non-zero indices')
  const weights = xs.map((x, i) => xs.reduce((weight, other, j) => (j === i ? weight : multiply(weight, divide(other, other ^ x))), 1))
  const secret = new Uint8Array(length)
  for (const [i, share] of shares.entries()) {
    for (let at = 0; at < length; at++) secret[at] = (secret[at] as number) ^ multiply(share[at] as number, weights[i] as number)
  }
  return secret
}

function evaluate(secret: Bytes, rows: readonly Bytes[], x: number): Bytes {
  const share = new Uint8Array(secret.length + 1)
  for (let at = 0; at < secret.length; at++) {
    let y = 0
    for (let degree = rows.length - 1; degree >= 0; degree--) y = multiply(y, x) ^ (rows[degree]?.[at] as number)
    share[at] = multiply(y, x) ^ (secret[at] as number)
  }
  share[secret.length] = x
  return share
}

/** Multiplication without tables, so that no memory access depends on a secret. */
function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 0; bit < 8; bit++) {
    product ^= -((b >> bit) & 1) & a
    a = ((a << 1) ^ (-(a >> 7) & 0x11b)) & 0xff
  }
  return product & 0xff
}

/** a / b = a · b^254. */
function divide(a: number, b: number): number {
  let inverse = 1
  for (let power = b, exponent = 254; exponent > 0; exponent >>= 1) {
    if (exponent & 1) inverse = multiply(inverse, power)
    power = multiply(power, power)
  }
  return multiply(a, inverse)
}
