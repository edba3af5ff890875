import { posix } from 'node:path'
import type { ByteReader } from '../source/reader.js'

/** One regular file of an archive. Its content is read, as a whole, as a stream or not at all, before the next member is asked for. */
export class Member {
  readonly #reader: ByteReader
  #left: number

  constructor(
    /** Path as the archive has it, without a leading `./` or `/`: data, never a path to open. */
    readonly path: string,
    /** Bytes of its content. */
    readonly size: number,
    reader: ByteReader,
  ) {
    this.#reader = reader
    this.#left = size
  }

  /** The first bytes, `count` or fewer, left in place. */
  async peek(count: number): Promise<Uint8Array> {
    const wanted = Math.min(count, this.#left)
    if (this.#reader.buffered < wanted) await this.#reader.fill(wanted)
    return this.#reader.peek(wanted)
  }

  /** Reads the whole content into new memory. */
  async bytes(): Promise<Uint8Array> {
    const target = new Uint8Array(this.size)
    this.#left = 0
    await this.#reader.takeInto(target, `the member ${this.path}`)
    return target
  }

  /** Lends the whole content to `use`, which keeps nothing of it and does not wait; see `ByteReader.lend`. */
  lend<T>(memory: () => Uint8Array, use: (bytes: Uint8Array) => T): Promise<T> {
    this.#left = 0
    return this.#reader.lend(this.size, `the member ${this.path}`, memory, use)
  }

  /** The content as a stream. */
  async *stream(): AsyncGenerator<Uint8Array> {
    while (this.#left > 0) {
      const part = await this.#reader.some(this.#left)
      if (part === null) throw this.#reader.truncated(`the member ${this.path}`)
      this.#left -= part.length
      yield part
    }
  }

  /** Passes over what was not read. */
  async skip(): Promise<void> {
    const left = this.#left
    this.#left = 0
    if (left > 0) await this.#reader.skip(left, `the member ${this.path}`)
  }
}

/**
 * A member whose content is not read, which the caller reports where it matters: a sparse file, a pipe, socket or device, one of
 * several names of one file, whose content stands under `target`, or a symbolic link to `target`.
 */
export type UnreadMember =
  | { readonly unread: string; readonly why: 'sparse' | 'special' }
  | { readonly unread: string; readonly why: 'hard-link' | 'symbolic-link'; readonly target: string }

/**
 * A member's path as it is shown, and as it is unpacked: without a leading `./` or `/`, without `//` and `/./` in it, and with `..`
 * followed, which leads out of no root.
 */
export function shownPath(path: string): string {
  const plain = path.replace(/^(?:\.?\/+)+/, '').replace(/\/(?:\.?\/)+/g, '/')
  return /(?:^|\/)\.\.(?:\/|$)/.test(plain) ? posix.join('/', plain).slice(1) : plain
}
