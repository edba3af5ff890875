// A worker that announces and sends, until it is killed.
// node doomed-courier.mjs DATABASE_URL QUEUE DATA_DIR SECRET_KEYS [REDIS_URL]
import { CheckPool } from '@basedrift/check'
import { createPostgresQueue, createRedisQueue } from '@basedrift/jobs'
import { DirectoryBlobStore, openLedger } from '@basedrift/ledger'
import { openSending } from '@basedrift/notify'
import { startWorker } from '@basedrift/worker/main'

const [databaseUrl, name, dataDir, secretKeys, redisUrl] = process.argv.slice(2)
const log = { debug() {}, info() {}, warn() {}, error() {} }
const ledger = await openLedger({ databaseUrl, log, connections: 6 })
const queue = redisUrl
  ? await createRedisQueue({ redisUrl, log, name })
  : await createPostgresQueue({ databaseUrl, log, name })
await startWorker({
  ledger,
  queue,
  log,
  dataDir,
  blobs: await DirectoryBlobStore.open(`${dataDir}/blobs`),
  pool: new CheckPool({ threads: 1 }),
  concurrency: 4,
  leaseMs: 1_000,
  reconcile: { intervalMs: 500, quietMs: 500 },
  settling: { quietMs: 0 },
  sending: openSending({
    secretKeys,
    publicUrl: 'https://basedrift.example.org',
    allowHosts: ['127.0.0.1'],
    allowInsecure: true,
  }),
  courier: { leaseMs: 1_000, intervalMs: 200 },
})
process.stdout.write('ready\n')
