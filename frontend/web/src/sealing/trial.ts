/** The trial segment: proof before the deadline that the bidder's key will open its bid; it shows nothing of the bid. */
import { base64, type Bytes, concat, equal, fromBase64, random, utf8 } from './bytes'
import { contextHash, trialKey } from './context'
import { Fault, insist } from './faults'
import { checkBidderSecret, type Header, wrapAddressed } from './header'
import { FLOE, type Suite, suiteOf } from './suites'
import { type Unwrapper, unwrapSecrets } from './wraps'

const PLAIN = utf8('ebid/1 trial')

/** base64(iv ‖ sealed "ebid/1 trial"), additional data ch, key from S_B alone, by the cipher of the suite. */
export async function sealTrial(bidderSecret: Bytes, ch: Bytes, iv: Bytes = random(12), suite: Suite = FLOE): Promise<string> {
  return base64(concat(iv, await suite.seal(await trialKey(bidderSecret, ch, suite), iv, ch, PLAIN)))
}

/** Refuses unless S_B is the committed one and opens the trial segment. */
export async function openTrial(header: Header, bidderSecret: Bytes): Promise<void> {
  await checkBidderSecret(header, bidderSecret)
  const suite = suiteOf(header.ctx.suite)
  const ch = await contextHash(header.ctx)
  const sealed = fromBase64(header.trial)
  const plain = await suite.open(await trialKey(bidderSecret, ch, suite), sealed.slice(0, 12), ch, sealed.slice(12)).catch((cause: unknown) => {
    throw new Fault('not-authentic', 'the trial segment does not open', { cause })
  })
  insist(equal(plain, PLAIN), 'not-authentic', 'the trial segment holds something else')
}

/** Trial decryption of one's own sealed objects in one act of the key: unwrap, check the commitments, open the trial segments. */
export async function tryDecryption(headers: readonly Header[], unwrapper: Unwrapper): Promise<void> {
  const items = await Promise.all(headers.map(async (header) => ({
    ch: await contextHash(header.ctx), suite: suiteOf(header.ctx.suite), wrap: wrapAddressed(header, 'bidder', unwrapper.encryption.fingerprint),
  })))
  for (const [at, secret] of (await unwrapSecrets(items, unwrapper)).entries()) {
    if (secret instanceof Fault) throw secret
    try {
      await openTrial(headers[at] as Header, secret)
    } finally {
      secret.fill(0)
    }
  }
}
