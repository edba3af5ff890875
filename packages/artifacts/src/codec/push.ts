import { Bzip2Decoder } from '../bytes/bzip2.js'
import { Lz4LegacyDecoder } from '../bytes/lz4.js'
import { LzmaDecoder } from '../bytes/lzma.js'
import { LzopDecoder } from '../bytes/lzo.js'
import { corruptData, type PushDecoder } from '../bytes/push-decoder.js'
import type { Limits } from '../limits.js'
import { ByteReader } from '../source/reader.js'
import { counted, type OutputCap } from './pipe.js'

/** Compression that is decoded by code of this package alone. */
export type PushFormat = 'lzma' | 'bzip2' | 'lzo' | 'lz4'

/** A new decoder. */
export function pushDecoder(format: PushFormat, limits: Limits): PushDecoder {
  switch (format) {
    case 'lzma':
      return new LzmaDecoder(limits.xzMemoryBytes)
    case 'bzip2':
      return new Bzip2Decoder()
    case 'lzo':
      return new LzopDecoder()
    case 'lz4':
      return new Lz4LegacyDecoder()
  }
}

/** Decodes a stream step by step; zeros may follow, as padding. Errors as in `decompressStream`. */
export async function* pushStream(
  decoder: PushDecoder,
  source: AsyncIterable<Uint8Array>,
  cap: OutputCap,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(counted(source, cap))
  try {
    for (let ended = false; !ended; ) {
      const { wants } = decoder
      const last = !(await reader.fill(wants))
      const step = decoder.step(reader.peek(wants), last)
      ended = step.ended
      await reader.skip(step.consumed, 'a step')
      if (step.output === null) continue
      cap.came(step.output.length)
      if (step.output.length > 0) yield step.output
    }
    if (await reader.skipZeros()) throw corruptData('Something else follows the compressed data')
  } finally {
    await reader.close()
  }
}
