import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from '../generated/client.js'

export { Prisma }
export type Database = PrismaClient
/** The client inside of a transaction, or outside of one. */
export type Queries = Prisma.TransactionClient

/** Longest time that a transaction may take, and wait for a connection, in milliseconds. */
const transactionLimits = { timeout: 60_000, maxWait: 30_000 } as const

/** Opens a pool of connections; nothing connects before the first query. */
export function connect(databaseUrl: string, poolSize: number): Database {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl, max: poolSize }) })
}

/** Runs `work` in a transaction: all of it, or nothing. */
export function transact<T>(database: Database, work: (queries: Queries) => Promise<T>): Promise<T> {
  return database.$transaction(work, transactionLimits)
}

/** Whether an insert failed on a key that is taken. */
export function isTaken(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
}
