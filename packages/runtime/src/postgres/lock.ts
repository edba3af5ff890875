import { readFile, readlink, realpath, unlink } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { RuntimeError } from '../errors.js'

/** Field 22 of /proc/PID/stat: with it, a pid names one process for good. Null where there is no such process. */
async function startTime(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  // The second field, the command in parentheses, may hold blanks and parentheses itself.
  return stat === null ? null : (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null)
}

/**
 * The setting by which a postmaster's command line names this process as its owner. A file could not: of two that start at once
 * only one gets the data directory, and only its postmaster lives.
 */
export async function ownerSetting(): Promise<string> {
  return `basedrift.owner=${process.pid}.${await startTime(process.pid)}`
}

async function ownerLives(postmaster: number): Promise<boolean> {
  const line = await readFile(`/proc/${postmaster}/cmdline`, 'utf8').catch(() => '')
  const owner = /\0basedrift\.owner=(\d+)\.(\d+)\0/.exec(line)
  return owner !== null && (await startTime(Number(owner[1]))) === owner[2]
}

/** The postmaster that runs on `data`, if one does: a postmaster works in its data directory. */
async function postmasterOf(data: string): Promise<number | null> {
  const text = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => null)
  const pid = Number(text?.split('\n')[0])
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => null)
  return cwd !== null && cwd === (await realpath(data)) ? pid : null
}

/**
 * Makes sure that nothing runs on `data`. What a killed owner left behind is waited for and, if need be, told to stop; a
 * `postmaster.pid` whose number now belongs to some other process is removed, which Postgres itself would take for a running
 * server. A living owner is `postgres-in-use`.
 */
export async function takeOver(home: string, data: string, waitMs = 20_000): Promise<void> {
  const deadline = Date.now() + waitMs
  let told = false
  for (let pid = await postmasterOf(data); pid !== null; pid = await postmasterOf(data)) {
    if (await ownerLives(pid))
      throw new RuntimeError(
        'postgres-in-use',
        `Another process runs on ${home}: stop it, or use another data directory.`,
      )
    if (Date.now() > deadline)
      throw new RuntimeError(
        'postgres-in-use',
        `A Postgres without an owner (process ${pid}) still runs on ${data}: stop it.`,
      )
    if (!told) {
      told = true
      try {
        process.kill(pid, 'SIGINT')
      } catch {
        // Gone meanwhile, or not ours: the loop finds out.
      }
    }
    await delay(25)
  }
  await unlink(path.join(data, 'postmaster.pid')).catch(() => {})
}
