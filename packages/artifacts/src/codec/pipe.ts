import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import type { Engine } from './child.js'

/** Decompressed bytes that may wait for their reader before the engine is paused, and the level at which it goes on. */
const highBytes = 4 << 20
const lowBytes = 1 << 20
const none = new Uint8Array(0)

/** How much may come out: `maxBytes`, and `limits.ratio` times what went in, once `limits.ratioFreeBytes` are out. */
export class OutputCap {
  #in = 0
  #out = 0
  readonly #maxBytes: number
  readonly #limits: Limits

  constructor(maxBytes: number, limits: Limits) {
    this.#maxBytes = maxBytes
    this.#limits = limits
  }

  /** Counts compressed bytes. */
  fed(count: number): void {
    this.#in += count
  }

  /** Counts decompressed bytes; throws `limit-exceeded`. */
  came(count: number): void {
    this.#out += count
    if (this.#out > this.#maxBytes) {
      throw new ArtifactError('limit-exceeded', null, `It decompresses to more than ${this.#maxBytes} bytes`)
    }
    if (this.#out > this.#limits.ratioFreeBytes && this.#out > this.#in * this.#limits.ratio) {
      throw new ArtifactError(
        'limit-exceeded',
        null,
        `It decompresses to more than ${this.#limits.ratio} times its size`,
      )
    }
  }
}

/**
 * Sends a stream through an engine. What came out before a failure is handed on before the failure is thrown, so that what
 * is whole in a truncated file is seen. A failure of the source is thrown rather than what the engine makes of it.
 */
export function pipeThrough(
  source: AsyncIterable<Uint8Array>,
  engine: Engine,
  cap: OutputCap,
): AsyncIterableIterator<Uint8Array> {
  const { input, output } = engine
  const from = source[Symbol.asyncIterator]()
  const queue: Uint8Array[] = []
  let first = 0
  let queued = 0
  let ended = false
  let stopped = false
  let sourceFailure: { error: unknown } | null = null
  let wake: (() => void) | null = null
  let unblock: (() => void) | null = null

  const signalReader = () => {
    wake?.()
    wake = null
  }
  const signalFeeder = () => {
    unblock?.()
    unblock = null
  }
  output.on('data', (part: Uint8Array) => {
    queue.push(part)
    queued += part.length
    if (queued > highBytes) output.pause()
    signalReader()
  })
  const finish = () => {
    ended = true
    signalReader()
  }
  output.once('end', finish)
  output.once('error', finish)
  output.once('close', finish)
  input.on('drain', signalFeeder)
  input.once('close', () => {
    stopped = true
    signalFeeder()
  })

  const feed = async () => {
    try {
      while (!stopped) {
        const next = await from.next()
        if (next.done === true) break
        if (stopped) return
        cap.fed(next.value.length)
        if (!input.write(next.value)) {
          await new Promise<void>((resolve) => {
            unblock = resolve
          })
        }
      }
    } catch (error) {
      sourceFailure = { error }
    }
    if (!stopped) input.end()
  }
  const feeding = feed()

  // The feeder is waited for, since whoever owns the source reads on from it.
  const letGo = async () => {
    stopped = true
    signalFeeder()
    await feeding
    await from.return?.()
  }

  const take = (): Uint8Array | null => {
    const part = queue[first]
    if (part === undefined) return null
    queue[first++] = none
    if (first === queue.length) {
      queue.length = 0
      first = 0
    }
    queued -= part.length
    if (queued < lowBytes && output.isPaused()) output.resume()
    cap.came(part.length)
    return part
  }

  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      try {
        for (;;) {
          const part = take()
          if (part !== null) return { value: part, done: false }
          if (ended) break
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      } catch (error) {
        engine.stop()
        await letGo()
        throw error
      }
      const failure = await engine.finished.then(
        () => null,
        (error: unknown) => ({ error }),
      )
      await letGo()
      if (sourceFailure !== null) throw (sourceFailure as { error: unknown }).error
      if (failure !== null) throw failure.error
      return { value: undefined, done: true }
    },
    async return() {
      engine.stop()
      await letGo()
      return { value: undefined, done: true }
    },
  }
}

/** A stream whose bytes are counted as compressed ones. */
export async function* counted(
  source: AsyncIterable<Uint8Array>,
  cap: OutputCap,
): AsyncGenerator<Uint8Array> {
  for await (const part of source) {
    cap.fed(part.length)
    yield part
  }
}
