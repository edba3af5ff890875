import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { RuntimeError } from '../errors.js'
import type { PostgresBinaries } from './binaries.js'
import type { Identity } from './identity.js'

/** The role and the database that `initCluster` makes. */
export const postgresName = 'basedrift'

/** Directories and files below `DATA_DIR/postgres`. */
export function layout(dataDir: string) {
  const home = path.resolve(dataDir, 'postgres')
  return {
    home,
    data: path.join(home, 'data'),
    password: path.join(home, 'password'),
    libraries: path.join(home, 'lib'),
  }
}

/** Runs a tool to its end with `input` on its standard input; `postgres-failed` with its last words. */
async function run(
  { command, args }: { command: string; args: string[] },
  env: NodeJS.ProcessEnv,
  input = '',
): Promise<void> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  let words = ''
  const hear = (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  }).catch((cause: Error) => {
    throw new RuntimeError('postgres-failed', `${path.basename(command)} cannot be run: ${cause.message}`, {
      cause,
    })
  })
  if (code !== 0)
    throw new RuntimeError(
      'postgres-failed',
      `Making the database failed with status ${code}: ${words.trim()}`,
    )
}

/** The password of the role, made once; only the owner of the file reads it. */
export async function passwordIn(file: string, identity: Identity): Promise<string> {
  try {
    await writeFile(file, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
    await identity.own(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return (await readFile(file, 'utf8')).trim()
}

/** Removes what initialisations that were killed left behind. */
async function sweep(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const pid = /^new-(\d+)$/.exec(name)?.[1]
    if (pid === undefined) continue
    const lives = await access(`/proc/${pid}`).then(
      () => Number(pid) !== process.pid,
      () => false,
    )
    if (!lives) await rm(path.join(home, name), { recursive: true, force: true })
  }
}

/**
 * Makes the data directory unless it is there, beside its place first, so that it is there whole or not at all and of two
 * processes one wins. Checks that its version is the program's.
 */
export async function initCluster(
  binaries: PostgresBinaries,
  identity: Identity,
  at: ReturnType<typeof layout>,
  env: NodeJS.ProcessEnv,
  options: { sync: boolean },
): Promise<void> {
  await sweep(at.home)
  const version = await readFile(path.join(at.data, 'PG_VERSION'), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    },
  )
  if (version !== null) {
    if (version.trim() === binaries.major) return
    throw new RuntimeError(
      'postgres-version',
      `${at.data} was made by Postgres ${version.trim()}, and this is ${binaries.major}: dump it with that version and restore it here.`,
    )
  }
  const fresh = path.join(at.home, `new-${process.pid}`)
  await mkdir(fresh, { mode: 0o700 })
  await identity.own(fresh)
  try {
    await run(
      identity.wrap(binaries.initdb, [
        `--pgdata=${fresh}`,
        `--username=${postgresName}`,
        `--pwfile=${at.password}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-instructions',
        ...(options.sync ? [] : ['--no-sync']),
      ]),
      env,
    )
    await run(
      identity.wrap(binaries.postgres, ['--single', '-D', fresh, 'postgres']),
      env,
      `CREATE DATABASE ${postgresName}\n`,
    )
    await chmod(fresh, 0o700)
    await rename(fresh, at.data).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}
