/** Worker around `smActs`: an SM2 key is unboxed here alone, for one act. */
import { smActs, type SmRequest } from './smKeys'

self.addEventListener('message', ({ data }: MessageEvent<SmRequest>) => {
  void smActs[data.act](data.box, data.inputs).then(
    (made) => { self.postMessage(made) },
    () => { self.postMessage(null) },
  )
})
