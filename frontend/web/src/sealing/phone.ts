/** A telephone's certificate: a code on this page ties it to this page; the platform relays what it cannot read (docs/keys.md). */
import { base64, type Bytes, concat, fromBase64, hex, random, sha256Hex, utf8 } from './bytes'
import { Fault, insist } from './faults'
import type { Carrier, Question } from './questions'
import { waiting } from './waiting'

/** The platform's relay as a page sees it. A gone relay answers with status 404. */
export interface RelayApi {
  open(claimSha256: string): Promise<{ readonly id: string; readonly token: string }>
  ask(id: string, token: string, request: string): Promise<{ readonly number: number }>
  read(id: string, token: string): Promise<{ readonly claimed: boolean; readonly number: number; readonly answer: string | null }>
  close(id: string, token: string): Promise<void>
}

/** One tie between this page and a telephone. The key of its questions cannot be exported; the code that gave it is gone. */
export interface Tie {
  readonly id: string
  readonly token: string
  readonly key: CryptoKey
}

const PAUSE = 1000
// No line (0), and what passes by itself.
const PASSING = new Set<unknown>([0, 429, 502, 503, 504])

/** Carries by a tie as long as it lasts, and shows a code for a new one when there is none. `tied` hears of each new tie. */
export function phoneCarrier(api: RelayApi, known: Tie | null, tied: (tie: Tie) => void = () => undefined): Carrier {
  let tie = known
  let last: Promise<unknown> = Promise.resolve()
  // A relay holds one question: a second one waits until the first is answered or called off.
  const inTurn = (carry: () => Promise<Bytes>): Promise<Bytes> => {
    const turn = last.then(carry, carry)
    last = turn.catch(() => undefined)
    return turn
  }
  return {
    way: 'phone',
    carry: (question) => inTurn(async () => {
      const errand = new Errand(api, question)
      try {
        const held = tie === null ? null : await errand.answered(tie)
        if (held !== null) return held
        tie = await errand.newTie()
        tied(tie)
        return await errand.awaited(tie)
      } catch (error) {
        // What was called off or not answered is over for the telephone too; the next question starts with a code.
        if (tie !== null) await api.close(tie.id, tie.token).catch(() => undefined)
        tie = null
        throw error
      } finally {
        errand.end()
      }
    }),
  }
}

/** One question on its way, shown while it waits, until it is called off or too late. */
class Errand {
  private readonly stop = new AbortController()
  private number = 0
  end: () => void

  constructor(private readonly api: RelayApi, private readonly question: Question) {
    this.end = this.show()
  }

  /** The answer by a tie that may have ended: then null. */
  async answered(tie: Tie): Promise<Bytes | null> {
    return await this.ask(tie) ? this.awaited(tie) : null
  }

  /** Shows a code until a telephone has come; the question waits at the relay. */
  async newTie(): Promise<Tie> {
    const [tie, code] = await freshTie(this.api)
    try {
      insist(await this.ask(tie), 'no-answer', 'the relay is gone')
      this.end = this.show(code)
      while (!(await this.read(tie)).claimed) await this.pause()
      this.end = this.show()
      return tie
    } catch (error) {
      await this.api.close(tie.id, tie.token).catch(() => undefined)
      throw error
    }
  }

  async awaited(tie: Tie): Promise<Bytes> {
    for (;;) {
      const { answer, number } = await this.read(tie)
      insist(number === this.number, 'aborted', 'another question has taken its place')
      if (answer !== null) return fromBase64(answer)
      await this.pause()
    }
  }

  private show(code?: string): () => void {
    const { doing, expiresAt } = this.question
    return waiting.begin({ way: 'phone', doing, expiresAt, cancel: () => { this.stop.abort() }, ...(code === undefined ? {} : { code }) })
  }

  private async ask(tie: Tie): Promise<boolean> {
    const iv = random(12)
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: utf8(tie.id) }, tie.key, utf8(this.question.text))
    try {
      this.number = (await this.api.ask(tie.id, tie.token, base64(concat(iv, new Uint8Array(sealed))))).number
      return true
    } catch (error) {
      if (isGone(error)) return false
      throw error
    }
  }

  /** Asks again over a line that was cut, until the question is called off or too late. */
  private async read(tie: Tie): ReturnType<RelayApi['read']> {
    for (;;) {
      try {
        return await this.api.read(tie.id, tie.token)
      } catch (error) {
        if (isGone(error)) throw new Fault('no-answer', 'the telephone has let go', { cause: error })
        if (!PASSING.has(statusOf(error))) throw error
        await this.pause()
      }
    }
  }

  private async pause(): Promise<void> {
    await new Promise((resolve) => { setTimeout(resolve, PAUSE) })
    if (this.stop.signal.aborted) throw new Fault('aborted', 'called off')
    if (Date.now() >= this.question.expiresAt) throw new Fault('no-answer', 'the telephone did not answer in time')
  }
}

/** A new relay, and the text of its code: address, name and a key that the platform never sees. */
async function freshTie(api: RelayApi): Promise<[Tie, string]> {
  const secret = random(32)
  const claim = hex(await derived(secret, 'claim'))
  const { id, token } = await api.open(await sha256Hex(utf8(claim)))
  const key = await crypto.subtle.importKey('raw', await derived(secret, 'question'), 'AES-GCM', false, ['encrypt'])
  return [{ id, token, key }, `${location.origin}/phone#1.${id}.${hex(secret)}`]
}

/** HMAC-SHA256 under the code's key. */
async function derived(secret: Bytes, purpose: string): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(`yunkai-key/1 ${purpose}`)))
}

const statusOf = (error: unknown): unknown => (error instanceof Error && 'status' in error ? error.status : null)
const isGone = (error: unknown): boolean => statusOf(error) === 404
