// What comparisons take in Postgres: real builds, every one's modules on every one's kernel, recorded by the ledger itself; then 100 × 100
// builds made of these, by copying rows, and measured again. The embedded server is not durable here; sizes are the same.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CheckPool, ENGINE_VERSION, reachedBy, symbolsCodec } from '@basedrift/check'
import { applyMigrations, comparisonKeyOf, openLedger } from '@basedrift/ledger'
import { startEmbeddedPostgres } from '@basedrift/runtime'
import pg from 'pg'

/** Builds of a stream on each side of the matrix, and what all of it may take with its indexes. */
const many = 100
const limitBytes = 1e9

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const kilobytes = (bytes) => `${(bytes / 1e3).toFixed(1)} kB`
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

/** Reads a package as an ingest does, and records what is found. */
const ingest = async ({ pool, ledger, folder }, deb, nth) => {
  const at = (part) => path.join(folder, `${nth}.${part}`)
  const files = {
    basePath: at('base'),
    bundlePath: at('bundle'),
    symbolsPath: at('symbols'),
    exportsPath: at('exports'),
  }
  const found = await pool.scan({ inputs: [{ path: deb, name: path.basename(deb) }], ...files })
  const { kernel, manifest, bundle, base, symbols, exports } = found
  const { version, config } = kernel
  const declaration = {
    stream: 'bench',
    version: '1',
    release: `${nth}`,
    provenance: {},
    builtFor: null,
  }
  const { build } = await ledger.builds.declare(declaration)
  await ledger.builds.seal(build.id)
  await ledger.builds.startIngest(build.id)
  const rules = { version, allowBtfMismatch: config?.allowBtfMismatch ?? null }
  await ledger.builds.recordIngest({
    buildId: build.id,
    kernel: {
      file: kernel.file,
      release: kernel.release,
      banner: kernel.banner,
      buildId: kernel.buildId,
      rules,
      compiler: config?.compiler ?? null,
      pahole: config?.pahole ?? null,
      btfModules: config?.btfModules ?? null,
    },
    base,
    manifest,
    bundle,
    symbols: { ...symbols, codec: symbolsCodec },
    exports,
    artifacts: [],
    origin: {
      origin: { baseSha256: base.sha256, source: 'own', release: kernel.release },
      problems: [],
      seen: null,
    },
  })
  return { id: build.id, name: kernel.release, files, manifest, bundle, base, rules }
}

/** Compares as the worker does, and records it. Gives the bytes of the rows. */
const compare = async ({ pool, ledger }, kernel, modules) => {
  const ids = { kernelBuildId: kernel.id, moduleBuildId: modules.id }
  const inputs = await ledger.pairs.inputs(ids.kernelBuildId, ids.moduleBuildId)
  const { moduleSet, running, rules, btfModules, originSha256 } = inputs
  const onOrigin = reachedBy(inputs, modules.manifest)
  const decided = await pool.compare({
    manifest: modules.manifest.map((entry) => ({ ...entry, onOrigin: onOrigin(entry) })),
    bundleSha256: moduleSet.bundleSha256,
    bundlePath: modules.files.bundlePath,
    symbolsPath: modules.files.symbolsPath,
    basePath: kernel.files.basePath,
    exportsPath: kernel.files.exportsPath,
    originPath: kernel === modules ? null : modules.files.basePath,
    rules,
    btfModules,
    runningSha256: running.sha256,
    originSha256,
  })
  const comparison = { ...comparisonKeyOf(inputs, rules, ENGINE_VERSION), ...decided }
  await ledger.pairs.record({ ...ids, comparison })
  return decided
}

/** Sizes with indexes and what is stored out of line, of every table that is not empty. */
const sizes = async (client) => {
  await client.query('VACUUM ANALYZE')
  const { rows } = await client.query(`
    SELECT relname AS name, n_live_tup::int AS rows, pg_total_relation_size(relid)::float8 AS bytes
    FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY 3 DESC, 1`)
  return rows
}

/** Builds, module sets and pairs as of `many` builds: each one like one of the real ones, in turn. `pick` chooses a real pair. */
const multiply = async (client, builds, pick) => {
  const copies = builds.map(({ id }, nth) => ({ id, of: nth }))
  for (let nth = builds.length; nth < many; nth++) {
    const of = nth % builds.length
    const id = randomUUID()
    const set = `of ${id}`
    await client.query(
      `INSERT INTO "ModuleSet" SELECT made.*
       FROM "ModuleSet" s JOIN "Build" b ON b."moduleSetId" = s.id,
         jsonb_populate_record(s, jsonb_build_object('id', $2::text)) AS made WHERE b.id = $1`,
      [builds[of].id, set],
    )
    await client.query(
      `INSERT INTO "Module" SELECT made.*
       FROM "Module" m JOIN "Build" b ON b."moduleSetId" = m."moduleSetId",
         jsonb_populate_record(m, jsonb_build_object('moduleSetId', $2::text)) AS made WHERE b.id = $1 ORDER BY m.ordinal`,
      [builds[of].id, set],
    )
    await client.query(
      `INSERT INTO "Build" SELECT made.* FROM "Build" b,
         jsonb_populate_record(b, jsonb_build_object('id', $2::text, 'release', $3::text, 'moduleSetId', $4::text)) AS made WHERE b.id = $1`,
      [builds[of].id, id, `${nth}`, set],
    )
    copies.push({ id, of })
  }
  for (const [k, kernel] of copies.entries()) {
    const wanted = copies.flatMap((modules, m) =>
      k < builds.length && m < builds.length
        ? []
        : [{ id: modules.id, like: pick(kernel.of, modules.of, k === m).map((nth) => builds[nth].id) }],
    )
    await client.query(
      `WITH given AS MATERIALIZED (
         SELECT $1::uuid AS kernel, modules, encode(sha256(convert_to(concat($1::uuid, modules), 'UTF8')), 'hex') AS key, p, c, t
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS wanted (modules, "likeKernel", "likeModules")
           JOIN "Pair" p ON p."kernelBuildId" = "likeKernel" AND p."moduleBuildId" = "likeModules"
           JOIN "Comparison" c ON c.key = p."comparisonKey"
           JOIN "Task" t ON t.id = 'compare:' || "likeKernel" || ':' || "likeModules"
       ), compared AS (
         INSERT INTO "Comparison" SELECT made.* FROM given, jsonb_populate_record(c, jsonb_build_object('key', key)) AS made
       ), paired AS (
         INSERT INTO "Pair" SELECT made.* FROM given, jsonb_populate_record(p,
           jsonb_build_object('kernelBuildId', kernel, 'moduleBuildId', modules, 'comparisonKey', key)) AS made
       )
       INSERT INTO "Task" SELECT made.* FROM given,
         jsonb_populate_record(t, jsonb_build_object('id', 'compare:' || kernel || ':' || modules)) AS made`,
      [
        kernel.id,
        wanted.map(({ id }) => id),
        wanted.map(({ like }) => like[0]),
        wanted.map(({ like }) => like[1]),
      ],
    )
  }
}

const report = (title, tables, pairs) => {
  const total = tables.reduce((sum, { bytes }) => sum + bytes, 0)
  const ofPairs = tables.filter(({ name }) => ['Comparison', 'Pair', 'Task'].includes(name))
  const perPair = ofPairs.reduce((sum, { bytes }) => sum + bytes, 0) / pairs
  console.log(`\n${title}: ${megabytes(total)}, of it ${kilobytes(perPair)} a pair`)
  for (const { name, rows, bytes } of tables.slice(0, 6))
    console.log(`  ${name.padEnd(14)}${String(rows).padStart(8)} rows ${megabytes(bytes).padStart(10)}`)
  return total
}

/** Measures with the packages of at least two builds of a kernel. */
export const benchStorage = async (debs) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'basedrift-storage-'))
  const postgres = await startEmbeddedPostgres({ dataDir: folder, log: quiet, durable: false })
  const pool = new CheckPool({ threads: 1 })
  const at = (name) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).toString()
  const withClient = async (name, work) => {
    const client = new pg.Client({ connectionString: at(name) })
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  const admin = (sql) => withClient(new URL(postgres.url).pathname.slice(1), (client) => client.query(sql))
  try {
    await admin('CREATE DATABASE real')
    await applyMigrations(at('real'), { log: quiet })
    const ledger = await openLedger({ databaseUrl: at('real'), log: quiet })
    const builds = []
    let largest = { pair: [0, 0], bytes: 0 }
    try {
      const context = { pool, ledger, folder }
      for (const [nth, deb] of debs.entries()) builds.push(await ingest(context, deb, nth))
      console.log(
        `storage: ${builds.map(({ name, manifest }) => `${name} (${manifest.length} modules)`).join(', ')}`,
      )
      for (const [k, kernel] of builds.entries())
        for (const [m, modules] of builds.entries()) {
          const { rows, counts } = await compare(context, kernel, modules)
          const bytes = rows.length
          if (bytes > largest.bytes) largest = { pair: [k, m], bytes }
          console.log(
            `  ${modules.name} on ${kernel.name}: ${kilobytes(bytes)} of rows, ${JSON.stringify(counts)}`,
          )
        }
    } finally {
      await ledger.close()
    }
    await withClient('real', async (client) => report('as recorded', await sizes(client), builds.length ** 2))
    const picks = {
      'each pair like a real one': (kernel, modules, own) =>
        own || kernel !== modules ? [kernel, modules] : [kernel, (modules + 1) % builds.length],
      'each pair like the largest': () => largest.pair,
    }
    for (const [title, pick] of Object.entries(picks)) {
      await admin('CREATE DATABASE many TEMPLATE real')
      const total = await withClient('many', async (client) => {
        await client.query('BEGIN')
        await multiply(client, builds, pick)
        await client.query('COMMIT')
        return report(`${many} × ${many} builds, ${title}`, await sizes(client), many ** 2)
      })
      console.log(`  limit ${megabytes(limitBytes)}, used ${(total / limitBytes).toFixed(2)}`)
      await admin('DROP DATABASE many')
    }
  } finally {
    await pool.close()
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
