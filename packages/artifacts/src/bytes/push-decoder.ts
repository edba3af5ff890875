import { ArtifactError } from './errors.js'

/** What one step of a decoder did. */
export interface Step {
  /** Bytes of its input that it is done with. */
  readonly consumed: number
  /** What came out, in memory of its own; null for nothing. */
  readonly output: Uint8Array | null
  /** The compressed data is at its end; what follows is not its. */
  readonly ended: boolean
}

/** A decoder that is fed a stream piece by piece and holds no more of it than one step takes. */
export interface PushDecoder {
  /** Bytes that the next step has to see at once, unless the input ends before. */
  readonly wants: number
  /**
   * Decodes from the start of `input`. `last` says that nothing comes after it. A step that neither consumes nor gives
   * anything has ended. Throws `compression-corrupt` (also where the last input is cut), `compression-unsupported` and
   * `limit-exceeded`.
   */
  step(input: Uint8Array, last: boolean): Step
}

/** The error for data that breaks its format. */
export function corruptData(detail: string): ArtifactError {
  return new ArtifactError('compression-corrupt', null, detail)
}

/** Memory that grows by doubling up to a limit, for output whose size is not known before. */
export function grown(bytes: Uint8Array, used: number, needed: number, limit: number): Uint8Array {
  if (needed <= bytes.length) return bytes
  const larger = new Uint8Array(Math.min(limit, Math.max(needed, bytes.length * 2)))
  larger.set(bytes.subarray(0, used))
  return larger
}
