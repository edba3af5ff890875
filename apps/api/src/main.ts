import path from 'node:path'
import { CheckPool } from '@basedrift/check'
import {
  applyMigrations,
  type BlobStore,
  DirectoryBlobStore,
  openLedger,
  S3BlobStore,
} from '@basedrift/ledger'
import { openSending, type Sending } from '@basedrift/notify'
import {
  type Config,
  createLogger,
  createMetrics,
  createShutdown,
  loadConfig,
  openSigner,
  RuntimeError,
} from '@basedrift/runtime'
import { apiConfigOf } from './config.js'
import { firstToken } from './first-token.js'
import { startServer } from './server.js'

/** Threads that list what comparisons have found. */
const findingThreads = 2

function openBlobs({ s3, dataDir }: Config): Promise<BlobStore> {
  return s3 === undefined
    ? DirectoryBlobStore.open(path.join(dataDir, 'blobs'))
    : S3BlobStore.open({ ...s3, temporary: path.join(dataDir, 'uploads') })
}

/** What channels take; without keys there are none. */
function sendingOf({ chat, port }: Config): Sending | undefined {
  const { secretKeys, publicUrl = `http://127.0.0.1:${port}` } = chat
  return secretKeys === undefined ? undefined : openSending({ ...chat, secretKeys, publicUrl })
}

/**
 * The API as a service of its own, from the settings of the environment. It rings nobody: the dispatcher of a worker finds what it
 * has recorded.
 */
async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const { databaseUrl } = config
  if (databaseUrl === undefined) {
    throw new RuntimeError(
      'config-invalid',
      'DATABASE_URL must be set: only `basedrift serve` brings a database.',
    )
  }
  const log = createLogger({ level: config.logLevel })
  const shutdown = createShutdown({ log })
  shutdown.onSignals((code) => process.exit(code))
  try {
    await applyMigrations(databaseUrl, { log })
    const ledger = await openLedger({ databaseUrl, log })
    shutdown.add('ledger', () => ledger.close())
    const blobs = await openBlobs(config)
    shutdown.add('blobs', () => blobs.close())
    const pool = new CheckPool({ threads: findingThreads })
    shutdown.add('pool', () => pool.close())
    const signer = await openSigner(config.signingKey ?? path.join(config.dataDir, 'signing-key.pem'))
    const server = await startServer(
      {
        ledger,
        blobs,
        pool,
        sending: sendingOf(config),
        signer,
        config: apiConfigOf(config.api),
        log,
        metrics: createMetrics(),
      },
      config,
    )
    shutdown.add('api', () => server.close())
    process.stdout.write((await firstToken(ledger, config.dataDir)) ?? '')
  } catch (error) {
    await shutdown.close()
    throw error
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
