import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { unreachable } from './db.js'
import { LedgerError } from './errors.js'
import type { LedgerLog } from './log.js'

/** Prisma's own lock: its `migrate deploy` and this applier wait for each other. */
const lockId = 72707369

/** Prisma's table, as its schema engine creates it. */
const migrationsTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
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
  /** SHA-256 of `migration.sql`, lower-case hex. */
  checksum: string
}

/** The project's migrations: `prisma/migrations` in this package's directory or in one above it. */
export async function migrationsDirectory(): Promise<string> {
  let directory = path.dirname(fileURLToPath(import.meta.url))
  for (;;) {
    const candidate = path.join(directory, 'prisma', 'migrations')
    if ((await stat(candidate).catch(() => null))?.isDirectory()) return candidate
    const above = path.dirname(directory)
    if (above === directory) throw new LedgerError('migrations-missing')
    directory = above
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause) => {
    throw new LedgerError('migrations-missing', `There are no migrations in ${directory}.`, { cause })
  })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(path.join(directory, name, 'migration.sql'))
      return { name, sql: bytes.toString(), checksum: createHash('sha256').update(bytes).digest('hex') }
    }),
  )
}

interface Recorded {
  migration_name: string
  checksum: string
  finished_at: Date | null
  rolled_back_at: Date | null
}

/** Those of `migrations` that are still to be applied; a coded error where what was applied is not what is here. */
function pending(migrations: Migration[], recorded: Recorded[]): Migration[] {
  const standing = recorded.filter((row) => row.rolled_back_at === null)
  for (const row of standing) {
    const name = row.migration_name
    if (row.finished_at === null)
      throw new LedgerError(
        'migration-failed',
        `Migration ${name} failed half-way: see the column logs of _prisma_migrations, repair the database, then mark it resolved with "prisma migrate resolve".`,
      )
    const here = migrations.find((migration) => migration.name === name)
    if (here === undefined)
      throw new LedgerError(
        'migration-unknown',
        `The database has migration ${name}, which this version does not know: run a newer version.`,
      )
    if (here.checksum !== row.checksum)
      throw new LedgerError(
        'migration-edited',
        `Migration ${name} was edited after it had been applied: restore its migration.sql.`,
      )
  }
  const applied = new Set(standing.map((row) => row.migration_name))
  return migrations.filter(({ name }) => !applied.has(name))
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  const id = randomUUID()
  await client.query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, now())',
    [id, checksum, name],
  )
  try {
    // One query of several statements: Postgres runs it as one transaction, unless it holds its own.
    await client.query(sql)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, reason])
    throw new LedgerError('migration-failed', `Migration ${name} failed: ${reason}`, { cause })
  }
  await client.query(
    'UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1',
    [id],
  )
}

/**
 * Brings the database to the newest migration, as `prisma migrate deploy` would, without its engine. Gives the names of those it
 * applied. Several processes may do this at once: one works, the others wait and find nothing to do. `migration-…` codes where the
 * database and `directory` (by default the project's) do not fit together; nothing is applied then.
 */
export async function applyMigrations(
  databaseUrl: string,
  { directory, log }: { directory?: string; log?: LedgerLog } = {},
): Promise<string[]> {
  const migrations = await readMigrations(directory ?? (await migrationsDirectory()))
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 30_000 })
  // A connection that breaks while idle would otherwise end the process; the next query reports it.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    throw unreachable(error)
  }
  try {
    await client.query('SELECT pg_advisory_lock($1)', [lockId])
    await client.query(migrationsTable)
    const { rows } = await client.query<Recorded>(
      'SELECT migration_name, checksum, finished_at, rolled_back_at FROM _prisma_migrations ORDER BY started_at',
    )
    const todo = pending(migrations, rows)
    for (const migration of todo) {
      await apply(client, migration)
      log?.info({ migration: migration.name }, 'migration applied')
    }
    return todo.map(({ name }) => name)
  } finally {
    await client.end()
  }
}
