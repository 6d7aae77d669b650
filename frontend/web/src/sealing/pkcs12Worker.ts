/** Worker around `openPkcs12`: the private key's bytes never reach the page. */
import type { Bytes } from './bytes'
import { Fault, type FaultCode } from './faults'
import { type Keys, openPkcs12 } from './pkcs12'

export type Pkcs12Request = { readonly file: Bytes; readonly password: string }
export type Pkcs12Answer =
  | { readonly ok: true; readonly pairs: readonly Keys[] }
  | { readonly ok: false; readonly code: FaultCode; readonly message: string }

self.addEventListener('message', (event: MessageEvent<Pkcs12Request>) => {
  void openPkcs12(event.data.file, event.data.password).then(
    (pairs) => { answer({ ok: true, pairs }) },
    (error: unknown) => {
      const fault = error instanceof Fault ? error : new Fault('malformed', 'PKCS#12 cannot be read')
      answer({ ok: false, code: fault.code, message: fault.message })
    },
  )
})

function answer(message: Pkcs12Answer): void {
  self.postMessage(message)
}
