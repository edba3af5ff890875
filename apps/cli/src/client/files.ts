import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { CliError, systemReason } from '../errors.js'

/** A local file that is to be sent. */
export interface LocalFile {
  readonly path: string
  /** The name it gets as an artifact. */
  readonly filename: string
  /** Bytes. */
  readonly size: number
}

/** Bytes read at once. */
const chunkBytes = 1 << 20

/**
 * The files that were named, looked at but not read.
 * @throws CliError `usage` for a directory or two files of one name, `file-unreadable` where there is none
 */
export async function localFiles(paths: readonly string[]): Promise<LocalFile[]> {
  const byName = new Map<string, LocalFile>()
  const found = await Promise.allSettled(paths.map((file) => stat(file)))
  const unread = found.flatMap((one, at) => (one.status === 'rejected' ? [{ ...one, file: paths[at]! }] : []))
  if (unread.length > 0) {
    const said = unread.map(({ reason, file }) => `${file}: ${systemReason(reason)}`).join('; ')
    throw new CliError('file-unreadable', `What is to be sent cannot be read: ${said}. Nothing was sent.`)
  }
  for (const [at, file] of paths.entries()) {
    const stats = (found[at] as PromiseFulfilledResult<Stats>).value
    if (!stats.isFile())
      throw new CliError('usage', 'Only files can be sent: give the packages or modules one by one.', file)
    const filename = path.basename(file)
    const other = byName.get(filename)
    if (other !== undefined && other.path !== file) {
      throw new CliError('usage', `Two files have the name ${filename}; a build holds each name once.`, file)
    }
    byName.set(filename, { path: file, filename, size: stats.size })
  }
  return [...byName.values()]
}

/** The SHA-256 of a file in lower-case hex; `onProgress` gets the bytes read so far. */
export async function sha256Of(file: LocalFile, onProgress: (read: number) => void): Promise<string> {
  const hash = createHash('sha256')
  const handle = await open(file.path)
  try {
    // One piece of memory for all of it: nobody keeps what was hashed.
    const chunk = Buffer.allocUnsafeSlow(chunkBytes)
    for (let read = 0; ; ) {
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(chunk.subarray(0, bytesRead))
      read += bytesRead
      onProgress(read)
    }
  } finally {
    await handle.close()
  }
}

/** The content of a file, from its start each time it is asked for. */
export function openFile(file: LocalFile): AsyncIterable<Uint8Array> {
  return createReadStream(file.path, { highWaterMark: chunkBytes })
}
