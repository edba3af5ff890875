import type { Readable } from 'node:stream'
import { ProblemError } from '../problem.js'

/** How slow an upload may be. */
export interface Pace {
  /** Longest silence in milliseconds. */
  idleMs: number
  /** Least bytes a second, on average, once `graceMs` milliseconds have passed. */
  minRate: number
  graceMs: number
}

/** A chunk, or `upload-stalled` when none comes in time. */
async function nextInTime(
  source: AsyncIterator<Uint8Array>,
  pace: Pace,
): Promise<IteratorResult<Uint8Array, unknown>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ProblemError('upload-stalled')), pace.idleMs)
  })
  try {
    return await Promise.race([source.next(), late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The bytes of a request body as they come. Ends in `upload-stalled` when they come too slowly, and in the stream's own error
 * when the client goes away. The stream is left open then, so that the request can still be answered.
 * @param now milliseconds of a clock that does not go back
 */
export async function* metered(
  body: Readable,
  pace: Pace,
  now: () => number = () => performance.now(),
): AsyncGenerator<Uint8Array> {
  const source = body.iterator({ destroyOnReturn: false })
  const started = now()
  let bytes = 0
  for (;;) {
    const { done, value } = await nextInTime(source, pace)
    if (done) return
    yield value
    bytes += value.byteLength
    const elapsed = now() - started
    if (elapsed > pace.graceMs && bytes < (pace.minRate * elapsed) / 1000)
      throw new ProblemError('upload-stalled')
  }
}
