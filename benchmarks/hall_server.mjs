// The third server of the hall bench: node's `ws`, one prepared text to every client for each line on standard input.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const [port, packages] = process.argv.slice(2)
const { WebSocketServer } = createRequire(packages)('ws')
const padding = 'x'.repeat(850)
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port), backlog: 2048, perMessageDeflate: false })
let number = 0

createInterface({ input: process.stdin }).on('line', () => {
  number += 1
  const at = process.hrtime.bigint().toString().padStart(20, '0')
  const text = `{"at":${at},"seq":${number},"payload":"${padding}"}`
  const data = Buffer.from(text)
  for (const client of server.clients) client.send(data, { binary: false })
}).on('close', () => process.exit(0))
