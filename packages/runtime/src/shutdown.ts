import { RuntimeError } from './errors.js'

/** The part of a logger that a shutdown needs. */
export interface ShutdownLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface Shutdown {
  /** Adds a part that was opened. Parts close in the reverse order. */
  add(name: string, close: () => Promise<void>, graceMs?: number): void
  /** Closes every part, the last one first. One that fails or exceeds its grace does not keep the others open. Once only. */
  close(): Promise<void>
  /**
   * Closes on SIGINT and SIGTERM and then calls `exit` with 0, or with 1 where a part did not close. A second signal exits at
   * once with 130.
   */
  onSignals(exit: (code: number) => void): void
}

/** Makes an ordered shutdown. `graceMs` is the time that a part has to close unless it says otherwise. */
export function createShutdown({
  log,
  graceMs: defaultGraceMs = 30_000,
}: {
  log: ShutdownLog
  graceMs?: number
}): Shutdown {
  const parts: { name: string; close: () => Promise<void>; graceMs: number }[] = []
  let closing: Promise<void> | undefined
  let clean = true

  const closePart = async ({ name, close, graceMs }: (typeof parts)[number]) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const why = `${name} did not stop within ${graceMs / 1000} seconds and was abandoned.`
      timer = setTimeout(() => reject(new RuntimeError('shutdown-incomplete', why)), graceMs)
    })
    try {
      await Promise.race([close(), late])
    } catch (error) {
      clean = false
      log.warn({ part: name, err: error }, 'a part did not close as it should')
    } finally {
      clearTimeout(timer)
    }
  }

  const closeAll = async () => {
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) await closePart(part)
  }

  const close = () => {
    closing ??= closeAll()
    return closing
  }

  return {
    add(name, closePart, graceMs = defaultGraceMs) {
      parts.push({ name, close: closePart, graceMs })
    },
    close,
    onSignals(exit) {
      let signalled = false
      const stop = (signal: NodeJS.Signals) => {
        if (signalled) return exit(130)
        signalled = true
        log.info({ signal }, 'stopping')
        void close().then(() => exit(clean ? 0 : 1))
      }
      process.on('SIGINT', stop)
      process.on('SIGTERM', stop)
    },
  }
}
