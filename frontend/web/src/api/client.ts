// One door to the platform: JSON in, JSON or a Problem out. A problem says what, why (rules) and what to do next.

export interface UnmetRule { number: string; title: string; cites: string }

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    title: string,
    readonly rules: UnmetRule[] = [],
    readonly facts: Record<string, string> = {},
  ) {
    super(title)
  }
}

export interface CallOptions { key?: string; signal?: AbortSignal; timeout?: number; headers?: Record<string, string> }

const TIMEOUT = 30_000

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as { code?: string; title?: string; rules?: UnmetRule[]; facts?: Record<string, string> }
    return new Problem(answer.status, body.code ?? 'http', body.title ?? answer.statusText, body.rules ?? [], body.facts ?? {})
  } catch {
    return new Problem(answer.status, 'http', answer.statusText || '平台没有回答')
  }
}

async function send(method: string, path: string, body: BodyInit | undefined, options: CallOptions, json: boolean): Promise<Response> {
  const headers: Record<string, string> = { ...(json ? { 'Content-Type': 'application/json' } : {}), ...options.headers }
  if (options.key) headers['Idempotency-Key'] = options.key
  const limit = AbortSignal.timeout(options.timeout ?? TIMEOUT)
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit
  let answer: Response
  try {
    answer = await fetch(path, { method, headers, signal, credentials: 'same-origin', ...(body === undefined ? {} : { body }) })
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw new Problem(0, 'offline', '网络不通或平台未回答，您填写的内容仍在，请稍后重试')
  }
  if (!answer.ok) throw await problemOf(answer)
  return answer
}

// Some acts ask for a fresh proof: a signature of the certificate, or for most of them a touch of a security key as well.
// Whoever can ask the person for it stands here (app/ProveAgain).
type Ask = (takesKey: boolean) => Promise<boolean>
let proveAgain: Ask | null = null
export const onProofNeeded = (ask: Ask | null): void => { proveAgain = ask }

const needsProof = (error: unknown): error is Problem => error instanceof Problem && error.code === 'proof-needed'

/** Asks for a proof once, and never for what is a proof itself: a platform that asks again gets no endless answer. */
async function sendProven(method: string, path: string, body: BodyInit | undefined, options: CallOptions, json: boolean): Promise<Response> {
  try {
    return await send(method, path, body, options, json)
  } catch (error) {
    if (!needsProof(error) || path.startsWith('/api/login/') || !proveAgain || !(await proveAgain(error.facts.by === 'key'))) throw error
  }
  try {
    return await send(method, path, body, options, json)
  } catch (error) {
    if (!needsProof(error)) throw error
    throw new Problem(error.status, 'proof-unheard', error.message, error.rules, error.facts)
  }
}

async function call<T>(method: string, path: string, body: unknown, options: CallOptions = {}): Promise<T> {
  const answer = await sendProven(method, path, body === undefined ? undefined : JSON.stringify(body), options, body !== undefined)
  if (answer.status === 204) return undefined as T
  return (await answer.json()) as T
}

export const api = {
  get: <T>(path: string, options?: CallOptions) => call<T>('GET', path, undefined, options),
  post: <T>(path: string, body: unknown = {}, options?: CallOptions) => call<T>('POST', path, body, options),
  put: <T>(path: string, body: unknown, options?: CallOptions) => call<T>('PUT', path, body, options),
  patch: <T>(path: string, body: unknown, options?: CallOptions) => call<T>('PATCH', path, body, options),
  delete: <T>(path: string, options?: CallOptions) => call<T>('DELETE', path, undefined, options),
  raw: (method: string, path: string, body?: BodyInit, options: CallOptions = {}) => sendProven(method, path, body, options, false),
}
