import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** Leftovers of other machines that share the directory are given this long, in milliseconds. */
const foreignAge = 24 * 3_600_000

/** Temporary files of one worker, gone with the job that made them. */
export interface TempFiles {
  /** Calls `use` with a fresh directory and removes that afterwards, whatever happened. */
  withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T>
  /** Removes the worker's own directory. */
  close(): Promise<void>
}

/**
 * A place for temporary files below `parent`, which is made when it is not there. Removes first what workers left behind that
 * were killed: those of this machine whose process has gone, and old ones of other machines that share the directory.
 */
export async function openTempFiles(parent: string): Promise<TempFiles> {
  await mkdir(parent, { recursive: true, mode: 0o700 })
  const host = encodeURIComponent(hostname())
  for (const name of await readdir(parent)) {
    if (await isStale(parent, name, host)) await rm(join(parent, name), { recursive: true, force: true })
  }
  const own = join(parent, `worker@${host}@${process.pid}@${randomUUID()}`)
  await mkdir(own, { mode: 0o700 })
  return {
    async withDirectory(use) {
      const directory = join(own, randomUUID())
      await mkdir(directory)
      try {
        return await use(directory)
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    },
    close: () => rm(own, { recursive: true, force: true }),
  }
}

async function isStale(parent: string, name: string, host: string): Promise<boolean> {
  const [what, owner, pid] = name.split('@')
  if (what !== 'worker' || owner === undefined || pid === undefined) return false
  let made: number
  try {
    made = (await stat(join(parent, name))).mtimeMs
  } catch {
    // Another worker that starts now has removed it.
    return false
  }
  if (owner !== host) return Date.now() - made > foreignAge
  // A container that starts again has the host name and the process id of the one before.
  if (Number(pid) === process.pid) return made < Date.now() - process.uptime() * 1000
  return !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
