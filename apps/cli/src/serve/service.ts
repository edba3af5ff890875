import { EventEmitter, once } from 'node:events'
import { createServer, isIPv6 } from 'node:net'
import path from 'node:path'
import type { Ledger } from '@basedrift/ledger'
import type { Sending } from '@basedrift/notify'
import type { Config, Logger, Metrics, Shutdown } from '@basedrift/runtime'
import { CliError } from '../errors.js'

/** What the service is made of and what it works with. */
export interface ServiceOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Where Postgres, blobs and temporary files are. */
  readonly dataDir: string
  /** Whether an admin token is to be made although there is one. */
  readonly newAdminToken: boolean
  /** Settings of the environment: a database, a Redis and a bucket of one's own. */
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
  /** Takes every part that is opened, to close them in reverse order, also where starting fails half-way. */
  readonly shutdown: Shutdown
}

/** A service that listens. */
export interface Service {
  readonly url: string
  /** What is to be said of an admin token that was made, once and not in a log; null where none was. */
  readonly token: string | null
  /** Rejects when a part that should run for ever has ended. */
  readonly failed: Promise<never>
}

/** Starts everything in this process: Postgres (unless one is given), ledger, queue, worker and API. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { host, port, dataDir, config, log, metrics, shutdown } = options
  // Before a database is made or started for nothing.
  await tryAddress(host, port)
  const { databaseUrl, failed } = await openDatabase(options)

  const { openParts, startWorker } = await import('@basedrift/worker/main')
  const temporary = path.join(dataDir, 'uploads')
  const parts = await openParts({ databaseUrl, config, dataDir, temporary, log, shutdown })
  const { ledger, blobs, pool } = parts
  const { tasks, retention } = config.worker
  const sending = await openSendingOf(options)
  await warnOfLostSecrets(ledger, sending, log)
  const concurrency = tasks === undefined ? {} : { concurrency: tasks }
  const tasksEnded = new EventEmitter()
  const ended = () => void tasksEnded.emit('task')
  const worker = await startWorker({
    ...parts,
    log,
    dataDir,
    metrics,
    ended,
    settling: config.chat.settling,
    reconcile: retention,
    sweep: config.chat.waiverMs === undefined ? {} : { waiverMs: config.chat.waiverMs },
    sending,
    ...concurrency,
  })
  shutdown.add('worker', () => worker.stop())

  const { apiConfigOf } = await import('@basedrift/api/app')
  const { firstToken, startServer } = await import('@basedrift/api/server')
  const ring = () => worker.ring()
  const news = (listener: () => void) => {
    tasksEnded.on('task', listener)
    return () => void tasksEnded.off('task', listener)
  }
  const { openSigner } = await import('@basedrift/runtime')
  const signer = await openSigner(config.signingKey ?? path.join(dataDir, 'signing-key.pem'))
  const server = await startServer(
    {
      ledger,
      blobs,
      pool,
      ring,
      news,
      sending,
      signer,
      config: apiConfigOf(config.api),
      log,
      metrics,
    },
    { host, port },
  ).catch((error: unknown) => {
    throw cannotListen(error, host, port) ?? error
  })
  shutdown.add('api', () => server.close())
  // Not before it listens: a token that nobody is told of would be lost.
  const token = await firstToken(ledger, dataDir, options.newAdminToken)
  return { url: server.url, token, failed }
}

/** @throws CliError `address-unavailable` where the address cannot be listened on */
async function tryAddress(host: string, port: number): Promise<void> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw cannotListen(error, host, port) ?? error
  } finally {
    server.close()
  }
}

/** Why an address cannot be listened on, by errno name, and what to do. */
const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there: give another port with --port, or end that program.',
  EADDRNOTAVAIL: 'This machine does not have that address: give one that it has with --host.',
  EACCES: 'This user may not listen there: give a port above 1023 with --port.',
}

function cannotListen(error: unknown, host: string, port: number): CliError | null {
  const reason = listenReasons[String((error as NodeJS.ErrnoException).code)]
  return reason === undefined ? null : new CliError('address-unavailable', reason, `${host}:${port}`)
}

async function openDatabase(
  options: ServiceOptions,
): Promise<{ databaseUrl: string; failed: Promise<never> }> {
  const { config, dataDir, log, shutdown } = options
  if (config.databaseUrl !== undefined) {
    return { databaseUrl: config.databaseUrl, failed: new Promise(() => undefined) }
  }
  const { startEmbeddedPostgres } = await import('@basedrift/runtime')
  const postgres = await startEmbeddedPostgres({ dataDir, log })
  shutdown.add('postgres', () => postgres.stop())
  const failed = postgres.exited.then(({ expected, code, signal }): Promise<never> => {
    if (expected) return new Promise(() => undefined)
    throw new CliError('serve-failed', `Postgres ended with ${signal ?? `status ${code}`}; the log says why.`)
  })
  // Whoever starts the service listens to this only once it is up.
  failed.catch(() => undefined)
  return { databaseUrl: postgres.url, failed }
}

/** What sending to channels takes, with keys of the data directory where the environment gives none. */
async function openSendingOf({ config, dataDir, host, port }: ServiceOptions): Promise<Sending> {
  const { openSending } = await import('@basedrift/notify')
  const { readSecretKeys, secretKeysOf } = await import('./secret-keys.js')
  const { chat } = config
  const { secretKeys = secretKeysOf(dataDir), publicUrl = localUrl(host, port) } = chat
  const sending = openSending({ ...chat, secretKeys, publicUrl })
  if (chat.secretKeys !== undefined) return sending
  return { ...sending, renewKeys: () => sending.keyring.renew(readSecretKeys(dataDir)) }
}

/** Says of how many channels the secrets cannot be opened: the keys of another data directory, or a backup without them. */
async function warnOfLostSecrets(ledger: Ledger, { keyring }: Sending, log: Logger): Promise<void> {
  const rows = (await ledger.channels.sealed()).map(({ id: channelId, sealed }) => ({ channelId, sealed }))
  const { resealAll } = await import('@basedrift/notify')
  const lost = [...resealAll(keyring, rows)].filter((result) => 'error' in result).length
  if (lost > 0)
    log.error(
      { channels: lost },
      'secrets of channels cannot be opened: put the keys back (the file secret-keys, or BASEDRIFT_SECRET_KEYS), or set the secrets again',
    )
}

/** The address of the service as it is told where nobody says how others reach it. */
function localUrl(host: string, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}
