import { bytes } from './words.js'

/** A progress bar, or nothing where nobody would see it. */
export interface Progress {
  /** Sets what is being done, how much of it there is and how much is done. */
  update(what: string, done: number, total: number): void
  stop(): void
}

/** Columns that a path may take beside the bar, on a terminal of 80. */
export const shownPath = 24

const silent: Progress = { update: () => undefined, stop: () => undefined }

/**
 * A progress bar on standard error if that is a terminal, else none. `unit` formats the two numbers.
 */
export async function openProgress(unit: (value: number) => string): Promise<Progress> {
  const stream = process.stderr
  if (stream.isTTY !== true || process.env.TERM === 'dumb') return silent
  const { default: cliProgress } = await import('cli-progress')
  const bar = new cliProgress.SingleBar({
    stream,
    format: '{what} [{bar}] {done} of {all}',
    barsize: 20,
    clearOnComplete: true,
    // Ctrl-C stays what it is.
    gracefulExit: false,
    hideCursor: false,
    stopOnComplete: false,
  })
  let started = false
  return {
    update: (what, done, total) => {
      const payload = { what, done: unit(done), all: unit(total) }
      if (!started) {
        bar.start(total, done, payload)
        started = true
        return
      }
      bar.setTotal(total)
      bar.update(done, payload)
    },
    stop: () => {
      if (started) bar.stop()
      started = false
    },
  }
}

/** A progress bar of bytes. */
export function openByteProgress(): Promise<Progress> {
  return openProgress(bytes)
}
