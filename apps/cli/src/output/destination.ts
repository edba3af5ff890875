import { closeSync, openSync, writeSync } from 'node:fs'
import { unwritable } from '../errors.js'

/** Where a result goes: standard output or a file. */
export interface Destination {
  /** The path given; null for standard output. */
  readonly path: string | null
  /** Whether a person looks at it as it is written. */
  readonly isTerminal: boolean
  /** Columns of the terminal, or what to count on where there is none. */
  readonly width: number
  /** A text is written as UTF-8. */
  write(content: string | Uint8Array): Promise<void>
  close(): void
}

/** Columns that a table counts on where no terminal says how many there are. */
const usualWidth = 100

/**
 * Standard output. A reader that went away (`| head`) is no error: what remains is dropped, and the exit code still tells
 * the result.
 */
export function standardOutput(stream: NodeJS.WriteStream = process.stdout): Destination {
  let gone = false
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error
    gone = true
  }
  stream.on('error', onError)
  return {
    path: null,
    isTerminal: stream.isTTY === true,
    width: stream.isTTY === true ? Math.max(40, stream.columns) : usualWidth,
    write: (content) =>
      new Promise((resolve) => {
        if (gone) resolve()
        else stream.write(content, () => resolve())
      }),
    close: () => undefined,
  }
}

/**
 * A file, opened at once: a path that cannot be written is found before the work, and an older result is never taken for
 * this one's.
 * @throws CliError `output-unwritable`
 */
export function fileOutput(path: string): Destination {
  let file: number
  try {
    file = openSync(path, 'w')
  } catch (error) {
    throw unwritable(error, path)
  }
  return {
    path,
    isTerminal: false,
    width: usualWidth,
    write: async (content) => {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      } catch (error) {
        throw unwritable(error, path)
      }
    },
    close: () => closeSync(file),
  }
}

/** What everything that is not a result is written to: standard error, whose reader may go away too. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`)
}
