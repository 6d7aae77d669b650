/** The program of a USB key on this computer: `yunkai-key/1` over HTTP on a loopback address (docs/keys.md). */
import { type Bytes, fromBase64 } from './bytes'
import { Fault, insist } from './faults'
import type { Carrier, Question } from './questions'
import { waiting } from './waiting'

const ROOT = '/yunkai-key/1/'

/** Whether the program runs, admits this site, and speaks our protocol. */
export async function agentName(address: string): Promise<string> {
  const status = await call(`${address}${ROOT}status`, { signal: AbortSignal.timeout(3000) })
  insist(status.protocol === 'yunkai-key/1', 'no-agent', 'another protocol')
  return typeof status.name === 'string' ? status.name : ''
}

/** Lets the program show a pairing code on its own screen. */
export async function beginPairing(address: string): Promise<void> {
  await post(address, 'pair', '{}')
}

/** The token for the code that was read there. */
export async function finishPairing(address: string, code: string): Promise<string> {
  const { token } = await post(address, 'pair', JSON.stringify({ code }))
  insist(typeof token === 'string', 'wrong-code', 'no token')
  return token
}

export function agentCarrier(address: string, token: string): Carrier {
  return {
    way: 'agent',
    carry: async (question: Question): Promise<Bytes> => {
      const stop = new AbortController()
      const end = waiting.begin({ way: 'agent', doing: question.doing, expiresAt: question.expiresAt, cancel: () => { stop.abort() } })
      try {
        const { answer } = await post(address, 'ask', question.text, token, stop.signal)
        insist(typeof answer === 'string', 'malformed', 'no answer')
        return fromBase64(answer)
      } catch (cause) {
        if (stop.signal.aborted) throw new Fault('aborted', 'called off', { cause })
        throw cause
      } finally {
        end()
      }
    },
  }
}

function post(address: string, act: string, body: string, token?: string, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const headers = { 'Content-Type': 'application/json', ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) }
  return call(`${address}${ROOT}${act}`, { method: 'POST', headers, body, ...(signal === undefined ? {} : { signal }) })
}

async function call(url: string, options: RequestInit): Promise<Record<string, unknown>> {
  // Neither cookies nor the page's address go to a program that is not the platform.
  const answer = await fetch(url, { ...options, credentials: 'omit', referrerPolicy: 'no-referrer' }).catch((cause: unknown) => {
    throw new Fault('no-agent', 'the program of the key does not answer', { cause })
  })
  if (answer.status === 401) throw new Fault('unpaired', 'the program does not know this page')
  if (answer.status === 403) throw new Fault('wrong-code', 'the code is not the one shown')
  if (!answer.ok) throw new Fault('not-authentic', `the program refused: ${String(answer.status)}`)
  return await answer.json() as Record<string, unknown>
}
