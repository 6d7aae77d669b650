import { fileURLToPath, URL } from 'node:url'
import { defineConfig } from 'vitest/config'

// Not part of `npm test`: the Python tests run it over the evidence they made (EVIDENCE names the folder).
export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('../../src', import.meta.url)) } },
  test: { include: ['tests/agreement/*.spec.ts'], root: fileURLToPath(new URL('../..', import.meta.url)) },
})
