import { createAudit } from './access/audit.js'
import { createIdempotency } from './access/idempotency.js'
import { createTokens } from './access/tokens.js'
import { createArtifacts } from './artifacts.js'
import { createBases } from './bases.js'
import { createBlobRecords } from './blob-records.js'
import { createBuilds } from './builds.js'
import { type Database, openPrisma, unreachable } from './db.js'
import { createDrifts } from './drifts.js'
import { createAsked } from './gate/asked.js'
import { createAttested } from './gate/attested.js'
import { createGate } from './gate/decisions.js'
import { createLives } from './gate/live.js'
import { createPolicies } from './gate/policies.js'
import { createGateUses } from './gate/uses.js'
import { createWaivers } from './gate/waivers.js'
import type { LedgerLog } from './log.js'
import { createModuleSets } from './module-sets.js'
import { createChannels } from './notices/channels.js'
import { createCourier } from './notices/courier.js'
import { createDeliveries } from './notices/deliveries.js'
import { createNotices } from './notices/subjects.js'
import { touchExpiring } from './notices/waivers.js'
import { createOrigins } from './origins.js'
import { createPairs } from './pairs.js'
import { createQuotas } from './quotas.js'
import { createRenewals } from './renewal/renewals.js'
import type { Ledger } from './repositories.js'
import { createRetention } from './retention.js'
import { createStreams } from './streams.js'
import { createOutbox, createTasks } from './tasks.js'

export interface LedgerOptions {
  /** As libpq writes it; the migrations have been applied. */
  databaseUrl: string
  log?: LedgerLog
  /** The time that is recorded and that leases are measured by. */
  clock?: () => Date
  /** Connections at most. */
  connections?: number
}

/** Opens the ledger. `database-unreachable` where its database does not answer. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { databaseUrl, log, clock = () => new Date(), connections = 10 } = options
  const prisma = openPrisma(databaseUrl, connections)
  const db: Database = { prisma, clock }
  const ping = async (timeoutMs = 5000) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unreachable({ code: 'ETIMEDOUT' })), timeoutMs)
    })
    try {
      await Promise.race([prisma.$queryRaw`SELECT 1`, late])
    } catch (error) {
      throw unreachable(error)
    } finally {
      clearTimeout(timer)
    }
  }
  try {
    await ping(30_000)
  } catch (error) {
    await prisma.$disconnect()
    throw error
  }
  log?.debug({}, 'the ledger is open')
  return {
    streams: createStreams(db),
    builds: createBuilds(db),
    artifacts: createArtifacts(db),
    blobs: createBlobRecords(db),
    quotas: createQuotas(db),
    moduleSets: createModuleSets(db),
    origins: createOrigins(db),
    pairs: createPairs(db),
    bases: createBases(db),
    drifts: createDrifts(db),
    lives: createLives(db),
    policies: createPolicies(db),
    waivers: createWaivers(db),
    gate: createGate(db),
    gateUses: createGateUses(db),
    renewals: createRenewals(db),
    retention: createRetention(db),
    asked: createAsked(db),
    notices: { ...createNotices(db), expiring: (withinMs) => touchExpiring(db, withinMs) },
    attested: createAttested(db),
    channels: createChannels(db),
    deliveries: createDeliveries(db),
    courier: createCourier(db),
    tasks: createTasks(db),
    outbox: createOutbox(db),
    tokens: createTokens(db),
    audit: createAudit(db),
    idempotency: createIdempotency(db),
    ping,
    close: () => prisma.$disconnect(),
  }
}
