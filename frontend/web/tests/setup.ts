import { webcrypto } from 'node:crypto'

// Node 20 under jsdom lacks the browser's crypto.subtle; it is the same WebCrypto.
if (globalThis.crypto?.subtle === undefined) {
  Object.defineProperty(globalThis, 'crypto', { value: webcrypto, configurable: true })
}
