// A worker that takes a task, says so, and then works on it until it is killed.
// node doomed-worker.mjs DATABASE_URL QUEUE [REDIS_URL]
import { createPostgresQueue, createRedisQueue, startTaskRunner } from '@basedrift/jobs'
import { openLedger } from '@basedrift/ledger'

const [databaseUrl, name, redisUrl] = process.argv.slice(2)
const log = { debug() {}, info() {}, warn() {}, error() {} }
const ledger = await openLedger({ databaseUrl, log })
const queue = redisUrl
  ? await createRedisQueue({ redisUrl, log, name })
  : await createPostgresQueue({ databaseUrl, log, name })
const forEver = {
  run: () => {
    process.stdout.write('working\n')
    return new Promise(() => setInterval(() => {}, 1_000))
  },
}
await startTaskRunner({
  tasks: ledger.tasks,
  queue,
  handlers: { ingest: forEver, compare: forEver, origin: forEver, drift: forEver },
  ring: () => {},
  log,
  leaseMs: 60_000,
})
process.stdout.write('ready\n')
