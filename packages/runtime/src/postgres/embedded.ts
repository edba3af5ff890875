import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { RuntimeError } from '../errors.js'
import { findBinaries, linkLibraries } from './binaries.js'
import { initCluster, layout, passwordIn, postgresName } from './cluster.js'
import { chooseIdentity, type Identity } from './identity.js'
import { ownerSetting, takeOver } from './lock.js'

/** The part of a logger that the launcher needs. */
export interface PostgresLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface EmbeddedPostgresOptions {
  /** The data directory of the installation; Postgres lives in `postgres` below it. */
  dataDir: string
  log: PostgresLog
  /** False gives up durability for speed: tests. */
  durable?: boolean
  maxConnections?: number
}

export interface EmbeddedPostgres {
  /** Holds a password: not for logs. TCP on 127.0.0.1 only. */
  url: string
  port: number
  /** Process id of the postmaster. */
  pid: number
  /** Settles when the server has ended; `expected` is false unless `stop` was called. */
  exited: Promise<{ expected: boolean; code: number | null; signal: string | null }>
  /** Fast shutdown: clients are disconnected, everything committed stays. Idempotent. */
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new RuntimeError('postgres-failed')
  return address.port
}

function settings(port: number, options: EmbeddedPostgresOptions): string[] {
  const values: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: options.maxConnections ?? 100,
    shared_buffers: '64MB',
    jit: 'off',
    lc_messages: 'C',
    log_destination: 'stderr',
    logging_collector: 'off',
    // Statements may hold what users sent.
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    ...(options.durable === false
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
      : {}),
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** Starts the server and waits for it to accept connections. Its last words are in the error when it does not. */
async function launch(
  identity: Identity,
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  log: PostgresLog,
): Promise<ChildProcess> {
  const { command, args: all } = identity.wrap(program, args)
  // In a session of its own: a Ctrl-C in the terminal is for the owner, who stops Postgres last.
  const child = spawn(command, all, { env, stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  const words: string[] = []
  await new Promise<void>((resolve, reject) => {
    const failed = (why: string) =>
      reject(new RuntimeError('postgres-failed', `Postgres did not start: ${why}. ${words.join(' / ')}`))
    child.once('error', (error) => failed(error.message))
    child.once('exit', (code, signal) => {
      // The last lines may still be on their way.
      child.once('close', () => failed(`it ended with ${signal ?? `status ${code}`}`))
    })
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      words.push(line)
      if (words.length > 8) words.shift()
      if (/\b(?:ERROR|FATAL|PANIC):/.test(line)) log.warn({ postgres: line }, 'postgres')
      else log.debug({ postgres: line }, 'postgres')
      if (line.includes('database system is ready to accept connections')) resolve()
    })
  })
  return child
}

/**
 * Starts the Postgres that comes with npm on `dataDir/postgres`, which is made when it is not there. It listens on a free port
 * of 127.0.0.1 and wants the password in `postgres/password`. It ends with this process, also when that is killed, and recovers
 * on the next start. Errors: `RuntimeError` with a `postgres-…` code.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log } = options
  const at = layout(options.dataDir)
  const binaries = await findBinaries()
  let identity: Identity
  let env: NodeJS.ProcessEnv
  let password: string
  try {
    // What is above stays open to whom Postgres runs as.
    await mkdir(path.dirname(at.home), { recursive: true })
    await mkdir(at.home, { recursive: true, mode: 0o700 })
    await chmod(at.home, 0o700)
    const libraries = await linkLibraries(binaries, at.libraries)
    env = { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C', LD_LIBRARY_PATH: libraries }
    identity = await chooseIdentity(binaries, at, env)
    password = await passwordIn(at.password, identity)
    await initCluster(binaries, identity, at, env, { sync: options.durable !== false })
    await takeOver(at.home, at.data)
  } catch (cause) {
    const { code, path: file } = cause as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EPERM') throw cause
    throw new RuntimeError(
      'postgres-permission',
      `${file ?? at.home} belongs to another user: run as that user, or use another data directory.`,
      { cause },
    )
  }

  let child: ChildProcess | undefined
  let port = 0
  for (let attempt = 1; child === undefined; attempt++) {
    port = await freePort()
    const args = ['-D', at.data, '-c', await ownerSetting(), ...settings(port, options)]
    child = await launch(identity, binaries.postgres, args, env, log).catch((error: RuntimeError) => {
      if (error.message.includes('lock file "postmaster.pid" already exists'))
        throw new RuntimeError(
          'postgres-in-use',
          `Another process runs on ${at.home}: stop it, or use another data directory.`,
        )
      // Between finding a free port and listening on it another program may have taken it.
      if (attempt < 5 && error.message.includes('could not bind')) return undefined
      throw error
    })
  }
  const server = child
  log.info({ port, pid: server.pid }, 'Postgres is up')

  let expected = false
  const exited = new Promise<{ expected: boolean; code: number | null; signal: string | null }>((resolve) => {
    server.once('exit', (code, signal) => resolve({ expected, code, signal }))
  })
  // Where there is no setpriv, this is what ends Postgres with an owner that exits.
  const onExit = () => server.kill('SIGINT')
  process.once('exit', onExit)
  void exited.then(() => process.removeListener('exit', onExit))

  return {
    url: `postgresql://${postgresName}:${password}@127.0.0.1:${port}/${postgresName}`,
    port,
    pid: server.pid ?? 0,
    exited,
    async stop() {
      expected = true
      server.kill('SIGINT')
      const abandon = setTimeout(() => server.kill('SIGQUIT'), 30_000)
      await exited
      clearTimeout(abandon)
    },
  }
}
