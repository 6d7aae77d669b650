/** Why a sealed thing, a proof or a key is refused; the pages translate the code. */
export type FaultCode =
  | 'not-canonical'
  | 'malformed'
  | 'not-authentic'
  | 'not-trusted'
  | 'wrong-commitment'
  | 'not-addressed'
  | 'wrong-password'
  | 'unsupported-key'
  | 'wrong-key'
  | 'no-key'
  | 'wrong-file'
  | 'too-early'
  | 'not-verifiable'
  | 'not-valid'
  | 'not-kept'
  | 'broken-chain'
  | 'aborted'
  | 'upload-refused'
  | 'no-agent'
  | 'unpaired'
  | 'wrong-code'
  | 'code-mistyped'
  | 'code-of-another'
  | 'no-recovery'
  | 'no-recipe'
  | 'recipe-of-another'
  | 'other-plaintext'
  | 'other-size'
  | 'other-part'
  | 'declined'
  | 'no-answer'

export type Facts = Readonly<Record<string, string | number>>

/** A refusal with a code; `message` is for the log of a developer, in English. */
export class Fault extends Error {
  readonly code: FaultCode
  /** What the page's words name, such as sizes in bytes. */
  readonly facts: Facts

  constructor(code: FaultCode, message: string, { facts = {}, ...options }: ErrorOptions & { facts?: Facts } = {}) {
    super(message, options)
    this.name = 'Fault'
    this.code = code
    this.facts = facts
  }
}

/** Throws a `Fault` unless `condition` holds. */
export function insist(condition: unknown, code: FaultCode, message: string, facts?: Facts): asserts condition {
  if (!condition) throw new Fault(code, message, facts === undefined ? {} : { facts })
}
