import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

/** A database of its own for a test; `await using` drops it at the end. */
export interface TestDatabase extends AsyncDisposable {
  url: string
  /** One statement on a connection of its own, for what no repository offers. */
  query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>
}

async function once<R extends pg.QueryResultRow>(url: string, sql: string, values?: unknown[]): Promise<R[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<R>(sql, values)).rows
  } finally {
    await client.end()
  }
}

/** Makes a database: migrated, or `empty`. */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const { url: admin, template } = inject('postgres')
  const name = `test_${randomBytes(8).toString('hex')}`
  await once(admin, `CREATE DATABASE ${name} TEMPLATE ${empty ? 'template0' : template}`)
  const own = new URL(admin)
  own.pathname = `/${name}`
  const url = own.toString()
  return {
    url,
    query: (sql, values) => once(url, sql, values),
    async [Symbol.asyncDispose]() {
      await once(admin, `DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}
