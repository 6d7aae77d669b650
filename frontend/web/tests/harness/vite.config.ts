import { resolve } from 'node:path'
import { defineConfig } from 'vite'

/** The sealing libraries alone, built as the product builds them (workers included), for the browser tests. */
export default defineConfig({
  root: import.meta.dirname,
  resolve: { alias: { '@': resolve(import.meta.dirname, '../../src') } },
  worker: { format: 'es' },
  build: { target: 'es2023', emptyOutDir: true, chunkSizeWarningLimit: 900 },
})
