/** One PUT of one sealed part to the object store, with progress; XMLHttpRequest because fetch reports none. */
import { base64, type Bytes } from './bytes'

export interface PartUrl {
  readonly number: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** The store's refusal; `status` 0 means that no answer came. */
export class PutRefused extends Error {
  readonly status: number

  constructor(status: number) {
    super(`part refused with status ${String(status)}`)
    this.name = 'PutRefused'
    this.status = status
  }
}

export interface PutOptions {
  readonly digest: Bytes
  readonly signal: AbortSignal
  readonly onSent: (bytes: number) => void
  /** Milliseconds without any progress after which the attempt ends. */
  readonly stall?: number
}

/** A Blob body, never an ArrayBuffer: a buffer is copied into every attached debugger. */
export function putPart(target: PartUrl, sealed: Bytes, options: PutOptions): Promise<void> {
  const { digest, signal, onSent, stall = 60_000 } = options
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    let timer: ReturnType<typeof setTimeout> | undefined
    let sent = 0
    let over = false
    const count = (bytes: number) => {
      onSent(bytes - sent)
      sent = bytes
    }
    const end = (status: number) => {
      if (over) return
      over = true
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      const stored = status >= 200 && status < 300
      count(stored ? sealed.length : 0)
      if (stored) resolve()
      else reject(signal.aborted ? (signal.reason as Error) : new PutRefused(status))
    }
    // Ended here and not by the request's own event: an attempt that hangs may never tell.
    const giveUp = () => {
      end(0)
      request.abort()
    }
    const watch = () => {
      clearTimeout(timer)
      timer = setTimeout(giveUp, stall)
    }
    request.upload.onprogress = ({ loaded }) => {
      if (over) return
      watch()
      count(Math.min(loaded, sealed.length))
    }
    request.onload = () => { end(request.status) }
    request.onerror = request.onabort = () => { end(0) }
    signal.addEventListener('abort', giveUp)
    request.open('PUT', target.url)
    for (const [name, value] of Object.entries({ ...target.headers, 'x-amz-checksum-sha256': base64(digest) })) {
      if (!/^host$/i.test(name)) request.setRequestHeader(name, value)
    }
    if (signal.aborted) {
      giveUp()
      return
    }
    watch()
    request.send(new Blob([sealed]))
  })
}
