import canonicalize from 'canonicalize'
import { type Bytes, textOf, utf8 } from './bytes'
import { Fault, insist } from './faults'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** RFC 8785 text; integers beyond 2^53 − 1 are refused because no two programs need agree on them. */
export function canonicalText(value: Json): string {
  insistPortable(value)
  try {
    return canonicalize(value) as string
  } catch (cause) {
    throw new Fault('not-canonical', 'value has no canonical form', { cause })
  }
}

export function canonicalBytes(value: Json): Bytes {
  return utf8(canonicalText(value))
}

/** Parses canonical JSON without floats only: one value has one spelling, so a duplicate key, white space or another escape is refused. */
export function parseCanonical(bytes: Uint8Array | string): Json {
  let text: string
  let value: Json
  try {
    text = typeof bytes === 'string' ? bytes : textOf(bytes)
    value = JSON.parse(text) as Json
  } catch (cause) {
    throw new Fault('not-canonical', 'not JSON in UTF-8', { cause })
  }
  insist(canonicalText(value) === text, 'not-canonical', 'not the canonical spelling')
  insist(!holdsFraction(value), 'not-canonical', 'sealed JSON holds no fractions')
  return value
}

export function parseCanonicalObject(bytes: Uint8Array | string): JsonObject {
  const value = parseCanonical(bytes)
  insist(isObject(value), 'malformed', 'an object is expected')
  return value
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function holdsFraction(value: Json): boolean {
  if (typeof value === 'number') return !Number.isInteger(value)
  return typeof value === 'object' && value !== null && Object.values(value).some((item) => holdsFraction(item as Json))
}

function insistPortable(value: Json): void {
  if (typeof value === 'number') {
    insist(!Number.isInteger(value) || Number.isSafeInteger(value), 'not-canonical', 'integer beyond 2^53 - 1')
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) insistPortable(item as Json)
  } else {
    insist(value !== undefined, 'not-canonical', 'undefined is no JSON value')
  }
}
