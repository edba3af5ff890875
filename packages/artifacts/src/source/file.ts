import { closeSync, constants, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { ArtifactError } from '../bytes/errors.js'

const chunkBytes = 1 << 20
const smallBytes = 1 << 14
/** Should a file have become a pipe since it was looked at, opening it would wait for a writer. */
const notBlocking = constants.O_RDONLY | constants.O_NONBLOCK

/** Why a file could not be read, by errno name, in words. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file or directory',
  EACCES: 'Reading it is not permitted',
  EISDIR: 'It is a directory',
  ENOTDIR: 'A part of its path is no directory',
  ELOOP: 'Its symbolic links lead in a circle',
}

/** The error for a file or directory that cannot be read. */
export function unreadable(error: unknown): ArtifactError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
  return new ArtifactError('file-unreadable', null, reasons[code] ?? `Reading it failed with ${code}`)
}

/** The bytes of a file, up to 1 MiB at a time. It is closed when the stream is. Throws `file-unreadable`. */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  const handle = await open(path, notBlocking).catch((error: unknown) => {
    throw unreadable(error)
  })
  try {
    const { size } = await handle.stat()
    const length = Math.max(smallBytes, Math.min(chunkBytes, size))
    for (;;) {
      const buffer = Buffer.allocUnsafeSlow(length)
      const { bytesRead } = await handle.read(buffer, 0, length).catch((error: unknown) => {
        throw unreadable(error)
      })
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** The first `size` bytes of a regular file whose size is known, or fewer where it has shrunk since. Throws `file-unreadable`. */
export function regularFileBytes(path: string, size: number): AsyncIterable<Uint8Array> {
  return size <= chunkBytes ? smallFileBytes(path, size) : fileBytes(path)
}

/** A small file in one piece, without the detour over the thread pool: that costs several times what reading it does. */
async function* smallFileBytes(path: string, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(size)
  let length = 0
  try {
    const file = openSync(path, notBlocking)
    try {
      for (let count = -1; count !== 0 && length < size; length += count) {
        count = readSync(file, buffer, length, size - length, null)
      }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw unreadable(error)
  }
  if (length > 0) yield buffer.subarray(0, length)
}

/** Ends a stream with the signal's reason as soon as it is aborted, even while the stream gives nothing; counts what passes. */
export async function* watched(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  let fail: (reason: unknown) => void = () => {}
  const onAbort = () => fail(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        fail = reject
        iterator.next().then(resolve, reject)
      })
      if (next.done === true) return
      onBytes(next.value.length)
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // A source that gives nothing would not end either: it is told, not waited for.
    Promise.resolve(iterator.return?.()).catch(() => {})
  }
}
