// What an answer of the gate takes on a stream of 100 × 100 builds of 4,000 modules each, all of them live.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { defaultApiConfig } from '../../apps/api/dist/app.js'
import { startServer } from '../../apps/api/dist/server.js'
import { applyMigrations, openLedger } from '../../packages/ledger/dist/index.js'
import { createLogger, createMetrics, startEmbeddedPostgres } from '../../packages/runtime/dist/index.js'

const builds = 100
const modules = 4000
const stream = 'bench/x86_64/default'
const environment = 'production'
/** Milliseconds within which 95 of 100 answers are to come. */
const limitMs = 200

/** Every module of a build has something that blocks on every kernel but its own: nothing could take longer to count. */
const fill = `
  CREATE FUNCTION bench_id(n int) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
  CREATE FUNCTION bench_hash(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT md5($1) || md5('again ' || $1) $$;
  INSERT INTO "Stream" (id, name) VALUES (bench_id(0), '${stream}');
  INSERT INTO "Base" (sha256, types, strings) SELECT bench_hash('base ' || n), 100000, 1600000 FROM generate_series(1, ${builds}) n;
  INSERT INTO "ModuleSet" (id, count, "bundleSha256") SELECT bench_hash('set ' || n), ${modules}, bench_hash('bundle ' || n)
    FROM generate_series(1, ${builds}) n;
  INSERT INTO "Module" ("moduleSetId", ordinal, name, file, sha256, vermagic)
    SELECT bench_hash('set ' || n), m - 1, 'module_' || m,
      'kernel.rpm!lib/modules/5.15.12-1-default/kernel/drivers/group' || m % 97 || '/module_' || m || '.ko',
      bench_hash('module ' || m || ' of ' || n), '5.15.12-1-default SMP mod_unload modversions '
    FROM generate_series(1, ${builds}) n, generate_series(1, ${modules}) m;
  INSERT INTO "Build" (id, "streamId", version, release, state, "kernelRelease", "rulesVersion", "baseSha256", "moduleSetId", "originSha256", "originSource")
    SELECT bench_id(n), bench_id(0), '5.15.12', '1.' || n, 'done', '5.15.12-1-default', '5.15.12', bench_hash('base ' || n),
      bench_hash('set ' || n), bench_hash('base ' || n), 'own'
    FROM generate_series(1, ${builds}) n;
  INSERT INTO "Comparison" (key, "moduleSetId", "runningSha256", "originSha256", "rulesVersion", engine, counts, rows, outcomes)
    SELECT bench_hash('pair ' || k || ' ' || m), bench_hash('set ' || m), bench_hash('base ' || k), bench_hash('base ' || m), '5.15.12', '1',
      CASE WHEN k = m THEN '{"compatible": ${modules}}'::jsonb ELSE '{"misread": ${modules / 2}, "rejected": ${modules / 4}, "discarded": ${modules / 4}}' END,
      '\\x01', CASE WHEN k = m THEN ''::bytea ELSE decode(repeat('02030204', ${modules / 4}), 'hex') END
    FROM generate_series(1, ${builds}) k, generate_series(1, ${builds}) m;
  INSERT INTO "Pair" ("kernelBuildId", "moduleBuildId", "streamId", state, "comparisonKey")
    SELECT bench_id(k), bench_id(m), bench_id(0), 'done', bench_hash('pair ' || k || ' ' || m)
    FROM generate_series(1, ${builds}) k, generate_series(1, ${builds}) m;
  INSERT INTO "Live" (id, environment, "buildId", "enteredAt", "enteredBy")
    SELECT bench_id(1000 + n), '${environment}', bench_id(n), now(), 'bench' FROM generate_series(1, ${builds}) n;
  ANALYZE;
`

const id = (n) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

const measure = async ({ url, headers }, row, name) => {
  const times = []
  let answer
  for (let n = 1; n <= builds; n++) {
    const started = performance.now()
    const response = await fetch(`${url}/v1/gate?build=${id(n)}&environment=${environment}`, { headers })
    answer = await response.json()
    times.push(performance.now() - started)
    if (response.status !== 200) throw new Error(`the gate answered ${response.status}: ${answer.code}`)
  }
  times.sort((a, b) => a - b)
  const ms = (value) => `${Math.round(value)} ms`
  const p95 = at(times, 0.95)
  row(name, ms(at(times, 0.5)), ms(p95), ms(times.at(-1)), (p95 / limitMs).toFixed(2))
  return answer
}

export const benchGate = async (row) => {
  console.log(
    `\ngate: ${builds} × ${builds} builds of ${modules} modules, all live: ${builds} pairs a decision, over HTTP, each build once`,
  )
  const dataDir = mkdtempSync(path.join(tmpdir(), 'basedrift-bench-'))
  const log = createLogger({ level: 'silent' })
  const postgres = await startEmbeddedPostgres({ dataDir, log, durable: false, maxConnections: 20 })
  try {
    await applyMigrations(postgres.url, { log })
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query(fill)
    await client.end()
    const ledger = await openLedger({ databaseUrl: postgres.url, log })
    const blobs = { has: async () => false }
    const limits = {
      ...defaultApiConfig.limits,
      requestsPerMinute: 1_000_000,
      tokenRequestsPerMinute: 1_000_000,
      eventLoopDelayMs: 0,
    }
    const config = { ...defaultApiConfig, limits }
    const server = await startServer(
      { ledger, blobs, pool: {}, config, log, metrics: createMetrics() },
      { host: '127.0.0.1', port: 0 },
    )
    try {
      const { text: token } = await ledger.tokens.firstAdmin(true)
      const service = { url: server.url, headers: { authorization: `Bearer ${token}` } }
      row('', 'median', 'p95', 'worst', 'p95, limit = 1')
      const first = await measure(service, row, 'first time: decided and recorded')
      await measure(service, row, 'again: nothing has changed')
      const rules = ['drivers/group1?/* PASS', 'module_*7 PASS', '*nothing* FAIL']
      await ledger.policies.set({ stream, settings: { rules: rules.join('\n') }, by: 'bench' })
      const names = Array.from({ length: 100 }, (_, nth) => `module_${nth + 1}`)
      for (let n = 1; n <= 10; n++)
        await ledger.waivers.add({
          kernelBuildId: id(n),
          moduleBuildId: id(100),
          verdicts: ['misread', 'rejected'],
          modules: names,
          reason: 'bench',
          author: 'bench',
          expiresAt: new Date(Date.now() + 86_400_000),
        })
      const ruled = await measure(service, row, 'with rules and waivers: decided anew')
      row('limit', '', `${limitMs} ms`, '', '1.00')
      console.log(
        `  ${first.reasons.length} reasons, ${first.compared.modules} modules; with rules ${ruled.tolerated} findings tolerated, ` +
          `${ruled.waived.length} waived groups`,
      )
    } finally {
      await server.close()
      await ledger.close()
    }
  } finally {
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
