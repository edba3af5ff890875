import { createGunzip } from 'node:zlib'
import { corruptData } from '../bytes/push-decoder.js'
import { ByteReader } from '../source/reader.js'
import { ofTransform } from './engines.js'
import { type OutputCap, pipeThrough } from './pipe.js'

/** Bytes of output that zlib hands over at a time. */
const chunkBytes = 1 << 18

/** What was fed to a decoder and may not have been used yet. */
class Fed {
  #parts: Uint8Array[] = []
  /** Bytes fed before the first of the parts. */
  #before = 0

  async *through(reader: ByteReader, used: () => number): AsyncGenerator<Uint8Array> {
    for (let part = await reader.some(Infinity); part !== null; part = await reader.some(Infinity)) {
      while (this.#parts[0] !== undefined && this.#before + this.#parts[0].length <= used())
        this.#before += this.#parts.shift()!.length
      this.#parts.push(part)
      yield part
    }
  }

  /** What lies behind the first `used` bytes. */
  unused(used: number): Uint8Array {
    return Buffer.concat(this.#parts).subarray(used - this.#before)
  }
}

/**
 * Decodes a stream of gzip: members one after the other, and zeros between and behind them, with which images are padded.
 * zlib alone takes zeros for the end and says nothing of what follows them. Errors as in `decompressStream`.
 */
export async function* gzipStream(
  source: AsyncIterable<Uint8Array>,
  cap: OutputCap,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(source)
  try {
    do {
      const transform = createGunzip({ chunkSize: chunkBytes })
      const fed = new Fed()
      const used = () => transform.bytesWritten
      yield* pipeThrough(fed.through(reader, used), ofTransform(transform), cap)
      reader.unread(fed.unused(used()))
      if (!(await reader.skipZeros())) return
      await reader.fill(2)
      const [first, second] = reader.peek(2)
      if (first !== 0x1f || second !== 0x8b) throw corruptData('Something that is not gzip follows')
    } while (true)
  } finally {
    await reader.close()
  }
}
