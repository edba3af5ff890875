import { spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'

/** A running decompressor: what goes in, what comes out, and how it ended. */
export interface Engine {
  readonly input: Writable
  readonly output: Readable
  /** Settles when it has ended; rejects with an `ArtifactError` when it did not end well. */
  readonly finished: Promise<void>
  /** Ends it now. */
  readonly stop: () => void
}

/** What the end of a child means: nothing, or the error that stands for it. */
function outcome(name: string, code: number | null, message: string, late: boolean): ArtifactError | null {
  if (code === 0) return null
  if (late) return new ArtifactError('limit-exceeded', null, `${name} took too long`)
  const line = message.trim().split('\n')[0] ?? ''
  if (/memory/i.test(message))
    return new ArtifactError('limit-exceeded', null, `It takes too much memory: ${line}`)
  return new ArtifactError('compression-corrupt', null, line === '' ? `${name} failed` : line)
}

/**
 * Starts a decompressor as a child process that reads its standard input. It is killed by `stop`, by `signal` and after
 * `limits.childMilliseconds`; it sees no environment but the search path, so that XZ_OPT and the like cannot change it.
 */
export function startChild(
  command: string,
  args: readonly string[],
  limits: Limits,
  signal: AbortSignal | undefined,
): Engine {
  const name = command.slice(command.lastIndexOf('/') + 1)
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
  })
  let late = false
  let message = ''
  const stop = () => void child.kill('SIGKILL')
  const timer = setTimeout(() => {
    late = true
    stop()
  }, limits.childMilliseconds)
  timer.unref()
  signal?.addEventListener('abort', stop, { once: true })
  child.stderr.on('data', (part: Buffer) => {
    message = (message + part.toString('latin1')).slice(0, limits.childMessageBytes)
  })
  // A child that ends early closes its input: how it ended is said by `finished`.
  child.stdin.on('error', () => {})
  const finished = new Promise<void>((resolve, reject) => {
    const settle = (error: ArtifactError | null) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      if (error === null) resolve()
      else reject(error)
    }
    child.once('error', (error) =>
      settle(
        new ArtifactError('compression-unsupported', null, `${name} cannot be started: ${error.message}`),
      ),
    )
    child.once('close', (code) => settle(outcome(name, code, message, late)))
  })
  finished.catch(() => {})
  return { input: child.stdin, output: child.stdout, finished, stop }
}
