import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase } from '../../../test/support/database.js'
import { applyMigrations, LedgerError, migrationsDirectory, openLedger } from '../src/index.js'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'basedrift-migrations-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const errorOf = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => null,
    (error: unknown) => (error instanceof LedgerError ? error.code : error),
  )

/** A copy of the project's migrations, with more of them. */
async function directoryWith(name: string, more: { [migration: string]: string }): Promise<string> {
  const directory = path.join(root, name)
  await cp(await migrationsDirectory(), directory, { recursive: true })
  for (const [migration, sql] of Object.entries(more)) {
    await mkdir(path.join(directory, migration))
    await writeFile(path.join(directory, migration, 'migration.sql'), sql)
  }
  return directory
}

const rowsSql = 'SELECT * FROM _prisma_migrations ORDER BY started_at, migration_name'

describe('the migrations', () => {
  it('are applied once, and recorded as Prisma records them', async () => {
    await using database = await createTestDatabase({ empty: true })
    const directory = await migrationsDirectory()
    const names = (await readdir(directory)).filter((name) => /^\d{14}_/.test(name)).sort()
    expect(await applyMigrations(database.url)).toEqual(names)
    expect(await applyMigrations(database.url)).toEqual([])
    const rows = await database.query(rowsSql)
    expect(rows.map(({ migration_name }) => migration_name)).toEqual(names)
    for (const row of rows) {
      const sql = await readFile(path.join(directory, row.migration_name, 'migration.sql'))
      expect(row).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        checksum: createHash('sha256').update(sql).digest('hex'),
        finished_at: expect.any(Date),
        migration_name: row.migration_name,
        logs: null,
        rolled_back_at: null,
        started_at: expect.any(Date),
        applied_steps_count: 1,
      })
    }
    const ledger = await openLedger({ databaseUrl: database.url })
    expect((await ledger.streams.list({ limit: 10 })).items).toEqual([])
    await ledger.close()
  })

  it('are applied by one of many that start at once', async () => {
    await using database = await createTestDatabase({ empty: true })
    const applied = await Promise.all(Array.from({ length: 8 }, () => applyMigrations(database.url)))
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1)
    expect((await database.query(rowsSql)).length).toBe(applied.flat().length)
  })

  it('go on from where an earlier version stopped', async () => {
    await using database = await createTestDatabase()
    const directory = await directoryWith('newer', { '29990101000000_more': 'CREATE TABLE "More" (id int);' })
    expect(await applyMigrations(database.url, { directory })).toEqual(['29990101000000_more'])
    expect(await database.query('SELECT * FROM "More"')).toEqual([])
    expect(await errorOf(applyMigrations(database.url))).toBe('migration-unknown')
  })

  it('let symbols that are missing, and modules that are doubtful, block by policies from before, and have outcomes read again', async () => {
    await using database = await createTestDatabase({ empty: true })
    const directory = await directoryWith('before-symbols', {})
    const later = (await readdir(directory)).filter((name) => /^\d/.test(name) && name >= '20261128223500')
    for (const name of later) await rm(path.join(directory, name), { recursive: true })
    await applyMigrations(database.url, { directory })
    await database.query(`
      INSERT INTO "Stream" (id, name, "createdAt") VALUES ('00000000-0000-7000-8000-000000000001', 's', now());
      INSERT INTO "Policy" ("streamId", version, settings, author, "createdAt")
        SELECT '00000000-0000-7000-8000-000000000001', n, settings, 'anna', now() FROM (VALUES
          (1, '{"blocking": [], "live": "all"}'::jsonb), (2, '{"blocking": ["changed", "load-unknown"]}'::jsonb)) AS of (n, settings);
      INSERT INTO "Comparison" (key, "moduleSetId", "runningSha256", "rulesVersion", engine, counts, rows, outcomes)
        VALUES ('fits', 's', 'b', '6.1.1', '1', '{}', '', ''), ('not', 's', 'b', '6.1.1', '1', '{}', '', '\\x40')`)
    expect(await applyMigrations(database.url)).toEqual(later)
    const policies = await database.query('SELECT settings FROM "Policy" ORDER BY version')
    expect(policies.map(({ settings }) => settings)).toMatchObject([
      { blocking: ['symbols-missing', 'load-doubtful'], live: 'all' },
      { blocking: ['changed', 'symbols-missing', 'load-doubtful', 'load-unknown'] },
    ])
    expect(await database.query('SELECT key FROM "Comparison" WHERE outcomes IS NULL')).toEqual([
      { key: 'not' },
    ])
  })

  it('are refused when one was edited after it had been applied', async () => {
    await using database = await createTestDatabase()
    const directory = await directoryWith('edited', {
      '29990101000000_more': 'CREATE TABLE "More" (id int);',
    })
    const first = (await readdir(directory)).sort()[0] as string
    await writeFile(path.join(directory, first, 'migration.sql'), '-- nothing')
    expect(await errorOf(applyMigrations(database.url, { directory }))).toBe('migration-edited')
    expect(await database.query(`SELECT to_regclass('"More"') AS more`)).toEqual([{ more: null }])
  })

  it('leave nothing of one that fails, keep why, and go no further until it is resolved', async () => {
    await using database = await createTestDatabase()
    const broken = '29990101000000_broken'
    const directory = await directoryWith('broken', {
      [broken]: 'CREATE TABLE "Half" (id int);\nCREATE TABLE "Half" (id int);\n',
      '29990102000000_after': 'CREATE TABLE "After" (id int);',
    })
    expect(await errorOf(applyMigrations(database.url, { directory }))).toBe('migration-failed')
    const tables = `SELECT to_regclass('"Half"') AS half, to_regclass('"After"') AS after`
    expect(await database.query(tables)).toEqual([{ half: null, after: null }])
    const [row] = await database.query(`SELECT * FROM _prisma_migrations WHERE migration_name = '${broken}'`)
    expect(row).toMatchObject({ finished_at: null, logs: 'relation "Half" already exists' })

    await writeFile(path.join(directory, broken, 'migration.sql'), 'CREATE TABLE "Half" (id int);')
    expect(await errorOf(applyMigrations(database.url, { directory }))).toBe('migration-failed')
    // What `prisma migrate resolve --rolled-back` does.
    await database.query(
      `UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '${broken}'`,
    )
    expect(await applyMigrations(database.url, { directory })).toEqual([broken, '29990102000000_after'])
    expect(await database.query(tables)).toEqual([{ half: 'Half', after: 'After' }].map(quoted))
  })

  it('are missed where they are not', async () => {
    await using database = await createTestDatabase({ empty: true })
    const directory = path.join(root, 'nowhere')
    expect(await errorOf(applyMigrations(database.url, { directory }))).toBe('migrations-missing')
  })

  it('say that the database does not answer, without its password', async () => {
    for (const run of [applyMigrations, (databaseUrl: string) => openLedger({ databaseUrl })]) {
      const error = await run('postgresql://basedrift:hunter2@127.0.0.1:1/none').catch(
        (cause: unknown) => cause,
      )
      expect(error).toMatchObject({ code: 'database-unreachable' })
      expect(JSON.stringify([String(error), error])).not.toContain('hunter2')
    }
  })
})

/** Regclasses are written with the quotes that their names need. */
function quoted(row: { [name: string]: string }): { [name: string]: string } {
  return Object.fromEntries(Object.entries(row).map(([name, table]) => [name, `"${table}"`]))
}
