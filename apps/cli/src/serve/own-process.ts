import { spawn } from 'node:child_process'

/**
 * What glibc takes from the environment alone, before a process starts. By itself it has an arena for each of the service's
 * many threads, where what one gave back is not taken by another, and comes to keep large buffers in them: an ingest of a
 * 70 MB package then takes 620 MB instead of 480.
 */
const memorySettings = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: String(1 << 20) } as const

/** Whether this process has the settings that the service wants, or its user set them otherwise. */
export function hasMemorySettings(env: NodeJS.ProcessEnv): boolean {
  return process.platform !== 'linux' || env.MALLOC_ARENA_MAX !== undefined
}

/**
 * Runs this same command again in a process that has the settings, and gives its exit code. Signals are passed on; a child
 * whose parent is gone ends, as `endWithParent` has it.
 */
export function runWithMemorySettings(): Promise<number> {
  const args = [...process.execArgv, ...process.argv.slice(1)]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...memorySettings },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // In a group of its own: a Ctrl-C in the terminal reaches it once, through here.
    detached: true,
  })
  const pass = onceEach((signal: NodeJS.Signals) => child.kill(signal))
  process.on('SIGINT', pass)
  process.on('SIGTERM', pass)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

/** Milliseconds in which signals count as one. */
const oneKeystroke = 1000

/**
 * Passes a signal on, but not the ones that follow it within a second: of one Ctrl-C the terminal tells every process of its
 * group, and npx, or whatever started this, tells this process again. A second Ctrl-C by hand comes later.
 */
export function onceEach(
  pass: (signal: NodeJS.Signals) => void,
  now: () => number = () => performance.now(),
): (signal: NodeJS.Signals) => void {
  let last = Number.NEGATIVE_INFINITY
  return (signal) => {
    const since = now() - last
    if (since < oneKeystroke) return
    last = now()
    pass(signal)
  }
}

/** Ends this process at once when the one that started it is gone without having passed on a signal. */
export function endWithParent(): void {
  if (process.channel === undefined) return
  process.once('disconnect', () => process.exit(1))
  // The channel alone is no reason to stay.
  process.channel.unref()
}
