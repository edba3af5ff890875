import { LedgerError } from './errors.js'
import { Prisma, PrismaClient } from './generated/client.js'
import { OneByOnePg } from './one-by-one.js'

/** What repositories share. */
export interface Database {
  prisma: PrismaClient
  /** The time that is recorded and that leases are measured by. */
  clock: () => Date
}

/** A client inside of a transaction, or the client itself. */
export type Tx = Prisma.TransactionClient

/** Connects on first use; `databaseUrl` as libpq writes it. */
export function openPrisma(databaseUrl: string, connections: number): PrismaClient {
  return new PrismaClient({
    adapter: new OneByOnePg({ connectionString: databaseUrl, max: connections }),
    errorFormat: 'minimal',
  })
}

/** Conflicts that go away when the transaction is run again: serialization failure and deadlock. */
const transient = new Set(['P2034', '40001', '40P01'])

function isTransient(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false
  const { code } = (error.meta ?? {}) as { code?: unknown }
  return transient.has(error.code) || transient.has(String(code)) || /\b(?:40P01|40001)\b/.test(error.message)
}

/** Runs `work` in one transaction (READ COMMITTED), again where Postgres chose it as the victim of a conflict. */
export async function transact<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.prisma.$transaction(work, { maxWait: 30_000, timeout: 120_000 })
    } catch (error) {
      if (attempt >= 5 || !isTransient(error)) throw error
    }
  }
}

/** Runs `work` in one read-only transaction (REPEATABLE READ): all that it reads is of one moment. */
export async function snapshot<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db.prisma.$transaction(
    async (tx) => {
      await tx.$executeRaw`SET TRANSACTION READ ONLY`
      return work(tx)
    },
    { isolationLevel: 'RepeatableRead', maxWait: 30_000, timeout: 120_000 },
  )
}

/** Postgres’ own words for a server that stops, starts, or has no connection left; class 08 is a connection that broke. */
const away = /^(?:08...|57P0[1-3]|53300)$/

/** Prisma’s for a server that does not answer, a connection that was closed, and no free connection in time. */
const awayToPrisma = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037'])

/** Whether an error means that the database does not answer now: the same call may work in a moment. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof LedgerError) return error.code === 'database-unreachable'
  if (error instanceof Prisma.PrismaClientInitializationError) return true
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false
  const { driverAdapterError } = (error.meta ?? {}) as {
    driverAdapterError?: { cause?: { originalCode?: unknown } }
  }
  return awayToPrisma.has(error.code) || away.test(String(driverAdapterError?.cause?.originalCode))
}

/** An error without the address and the password that drivers put into theirs. */
export function unreachable(error: unknown): LedgerError {
  const { code } = error as { code?: unknown }
  const why = typeof code === 'string' && /^[A-Z0-9_]{3,20}$/.test(code) ? ` (${code})` : ''
  return new LedgerError(
    'database-unreachable',
    `The database does not answer${why}: look at DATABASE_URL and at the server.`,
  )
}
