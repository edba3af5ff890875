import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { LedgerError } from './errors.js'

/** The lock that Prisma's own commands take while they migrate. */
const advisoryLock = 72707369

/** The columns of Prisma's own table, so that `prisma migrate status` and `deploy` agree with what is done here. */
const createTable = `
CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`

interface Migration {
  name: string
  sql: string
  /** SHA-256 of the file, in hex. */
  checksum: string
}

interface Applied {
  migration_name: string
  checksum: string
  finished_at: Date | null
}

/** Where the migrations lie in the installed tree. */
export const migrationsDirectory = path.resolve(import.meta.dirname, '../../../prisma/migrations')

async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new LedgerError('migrations-missing', undefined, { cause })
  })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  if (names.length === 0) throw new LedgerError('migrations-missing')
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(path.join(directory, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

/** The migrations that are still to be applied; throws where the database and the directory contradict each other. */
function pending(migrations: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const { migration_name: name, checksum, finished_at: finished } of applied) {
    const migration = known.get(name)
    if (migration === undefined) throw new LedgerError('migration-unknown', `The database has ${name}.`)
    if (finished === null) throw new LedgerError('migration-failed', `${name} was begun and not finished.`)
    if (migration.checksum !== checksum) throw new LedgerError('migration-edited', `${name} was edited.`)
    known.delete(name)
  }
  return [...known.values()]
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  const id = randomUUID()
  await client.query('INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)', [
    id,
    checksum,
    name,
  ])
  try {
    // One simple query: Postgres runs a script of several statements as one transaction.
    await client.query(sql)
  } catch (cause) {
    const logs = cause instanceof Error ? cause.message : String(cause)
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, logs])
    throw new LedgerError('migration-failed', `${name}: ${logs}`, { cause })
  }
  await client.query(
    'UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1',
    [id],
  )
}

/**
 * Brings a database up to date with the migrations, as `prisma migrate deploy` would and in the table that it keeps, without
 * an engine binary. Of several that start at once one applies and the others wait. Resolves to the names of what was applied.
 * @throws LedgerError `database-unreachable`, `migrations-missing`, `migration-edited`, `migration-failed`, `migration-unknown`
 */
export async function applyMigrations(
  databaseUrl: string,
  { directory = migrationsDirectory }: { directory?: string } = {},
): Promise<string[]> {
  const migrations = await readMigrations(directory)
  const client = new pg.Client({ connectionString: databaseUrl })
  // A connection that breaks fails the query under way; without a listener it would end the process too.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (cause) {
    throw new LedgerError('database-unreachable', undefined, { cause })
  }
  try {
    await client.query(`SELECT pg_advisory_lock(${advisoryLock})`)
    await client.query(createTable)
    const { rows } = await client.query<Applied>(
      'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at',
    )
    const todo = pending(migrations, rows)
    for (const migration of todo) await apply(client, migration)
    return todo.map(({ name }) => name)
  } finally {
    await client.end()
  }
}
