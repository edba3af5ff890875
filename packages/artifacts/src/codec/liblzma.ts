import { createRequire } from 'node:module'
import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import { ByteReader } from '../source/reader.js'
import { counted, type OutputCap } from './pipe.js'
import { checkDictionary, xzDictionary, xzHeadBytes } from './xz.js'

/** Bytes that a stream's decoder gives at a time. */
const chunkBytes = 1 << 18

const run = 0
const finish = 3
const ok = 0
const streamEnd = 1

/** The decoder within node-liblzma: one call decodes on Node's thread pool until input or output are used up. */
interface Native {
  code(
    action: number,
    input: Buffer,
    inputAt: number,
    inputLength: number,
    output: Buffer,
    outputAt: number,
    done: (status: number, inputLeft: number, outputLeft: number) => void,
  ): void
  close(): void
}

interface Library {
  Unxz: new (options: { chunkSize: number }) => { readonly lzma: Native }
}

const require = createRequire(import.meta.url)
let loaded: Library | null | undefined

/** node-liblzma, which comes prebuilt for some machines only; null on the others. Loaded when it is needed. */
function library(): Library | null {
  if (loaded === undefined) {
    try {
      loaded = require('node-liblzma') as Library
    } catch {
      loaded = null
    }
  }
  return loaded
}

/** True where xz can be decoded without a child process. */
export function hasLiblzma(): boolean {
  return library() !== null
}

/**
 * One decoding. Its streams are not used: they take the end of a cut input for the end of the file, and closing one that
 * is at work frees memory that is in use. Here calls follow each other, and `close` comes after the last one.
 */
class Decoder {
  readonly #native: Native

  constructor() {
    const found = library()
    if (found === null) {
      throw new ArtifactError(
        'compression-unsupported',
        null,
        'This machine cannot decode xz: install xz (xz-utils)',
      )
    }
    this.#native = new found.Unxz({ chunkSize: 64 }).lzma
  }

  /** Decodes from `input` into `output`; gives what is left of both, and whether the file is at its end. */
  async code(
    input: Buffer,
    output: Buffer,
    outputAt: number,
    last: boolean,
  ): Promise<{ inputLeft: number; outputLeft: number; ended: boolean }> {
    const action = last ? finish : run
    const [status, inputLeft, outputLeft] = await new Promise<[number, number, number]>((resolve) => {
      this.#native.code(action, input, 0, input.length, output, outputAt, (...result) => resolve(result))
    })
    const stuck = inputLeft === input.length && outputLeft === output.length - outputAt
    if ((status === ok || status === streamEnd) && !(last && stuck && status === ok)) {
      return { inputLeft, outputLeft, ended: status === streamEnd }
    }
    const cut = status === ok || status === 10
    throw new ArtifactError(
      status === 5 ? 'limit-exceeded' : 'compression-corrupt',
      null,
      cut ? 'The xz data is cut' : `liblzma gives up with ${status}`,
    )
  }

  close(): void {
    this.#native.close()
  }
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Decodes a whole xz file; `expected` is its size if that is known (0: not). `memory` gives at least as many bytes as it is
 * asked for. Throws `limit-exceeded` above `maxBytes`.
 */
export async function decodeXz(
  bytes: Uint8Array,
  maxBytes: number,
  expected: number,
  memory: (bytes: number) => Buffer = Buffer.allocUnsafeSlow,
): Promise<Uint8Array> {
  const decoder = new Decoder()
  try {
    // One byte more than is expected, so that the end is seen at once.
    let output = memory(Math.min(maxBytes, Math.max(expected, 4096)) + 1)
    let input = buffer(bytes)
    let size = 0
    for (;;) {
      const { inputLeft, outputLeft, ended } = await decoder.code(input, output, size, true)
      input = input.subarray(input.length - inputLeft)
      size = output.length - outputLeft
      if (size > maxBytes) {
        throw new ArtifactError('limit-exceeded', null, `It decompresses to more than ${maxBytes} bytes`)
      }
      if (ended) return output.subarray(0, size)
      if (outputLeft > 0) continue
      const larger = Buffer.allocUnsafeSlow(Math.min(maxBytes + 1, output.length * 2))
      output.copy(larger, 0, 0, size)
      output = larger
    }
  } finally {
    decoder.close()
  }
}

/** Decodes a stream of xz within Node. The dictionary of its first block is held against the limit before it starts. */
export async function* xzStream(
  source: AsyncIterable<Uint8Array>,
  cap: OutputCap,
  limits: Limits,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(counted(source, cap))
  let decoder: Decoder | null = null
  try {
    decoder = new Decoder()
    await fillQuietly(reader)
    checkDictionary(xzDictionary(reader.peek(xzHeadBytes)), limits.xzMemoryBytes)
    for (let ended = false; !ended; ) {
      const part = await reader.some(1 << 20)
      let input = part === null ? Buffer.alloc(0) : buffer(part)
      for (let full = true; !ended && (full || input.length > 0); ) {
        const output = Buffer.allocUnsafeSlow(chunkBytes)
        const result = await decoder.code(input, output, 0, part === null)
        input = input.subarray(input.length - result.inputLeft)
        ended = result.ended
        full = result.outputLeft === 0 || part === null
        const size = chunkBytes - result.outputLeft
        cap.came(size)
        if (size > 0) yield output.subarray(0, size)
      }
    }
  } finally {
    decoder?.close()
    await reader.close()
  }
}

/** A source that fails early is seen to fail when it is read. */
async function fillQuietly(reader: ByteReader): Promise<void> {
  await reader.fill(xzHeadBytes).catch(() => false)
}
