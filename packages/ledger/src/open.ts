import { LedgerError } from './errors.js'
import type { Ledger } from './repositories.js'
import { createArtifacts } from './store/artifacts.js'
import { createBuilds } from './store/builds.js'
import { connect } from './store/database.js'
import { createModuleSets } from './store/module-sets.js'
import { createPairs } from './store/pairs.js'
import { createStreams } from './store/streams.js'
import { createOutbox, createTasks } from './store/tasks.js'

/** What a ledger is opened with. */
export interface LedgerOptions {
  /** A PostgreSQL database whose migrations are applied. Holds a password: not for logs. */
  databaseUrl: string
  /** Connections at most. */
  poolSize?: number
  /** Time of leases, retries and states. */
  now?: () => Date
}

/** Opens the ledger; nothing connects before the first call. */
export function openLedger({ databaseUrl, poolSize = 10, now = () => new Date() }: LedgerOptions): Ledger {
  const database = connect(databaseUrl, poolSize)
  return {
    streams: createStreams(database),
    builds: createBuilds(database, now),
    artifacts: createArtifacts(database),
    moduleSets: createModuleSets(database),
    pairs: createPairs(database, now),
    tasks: createTasks(database, now),
    outbox: createOutbox(database),

    async ping(timeoutMs = 2_000) {
      let timer: NodeJS.Timeout | undefined
      const tooLate = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new LedgerError('database-unreachable')), timeoutMs)
      })
      try {
        await Promise.race([database.$queryRaw`SELECT 1`, tooLate])
      } catch (error) {
        if (error instanceof LedgerError) throw error
        throw new LedgerError('database-unreachable', undefined, { cause: error })
      } finally {
        clearTimeout(timer)
      }
    },

    close: () => database.$disconnect(),
  }
}
