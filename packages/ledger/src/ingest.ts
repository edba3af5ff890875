import { recordBlobs } from './blob-records.js'
import type { Tx } from './db.js'
import { renewNeighbours } from './drifts.js'
import { enqueue } from './enqueue.js'
import { LedgerError } from './errors.js'
import { isUuid } from './ids.js'
import { storable, storableJson } from './json.js'
import { recordModuleSet } from './module-sets.js'
import { touchArtifacts } from './notices/sources.js'
import { lockOrigins, lookAgain, originColumns, stillHolds } from './origins.js'
import type { IngestResult } from './repositories.js'
import type { Failure, PairState } from './rows.js'

/** Why the pairs of a kernel without a known version hold no verdicts. */
const rulesUnknown: Failure = {
  code: 'rules-unknown',
  message: 'The kernel’s version is not known, so neither is what it does with module BTF.',
}

/** Records how the artifacts of a build came out. */
export async function recordArtifacts(
  tx: Tx,
  buildId: string,
  artifacts: IngestResult['artifacts'],
): Promise<void> {
  await tx.$executeRaw`
    UPDATE "Artifact" SET state = found.state::"ArtifactState", problems = found.problems
    FROM jsonb_to_recordset(${JSON.stringify(storableJson(artifacts))}::jsonb) AS found (id uuid, state text, problems jsonb)
    WHERE "Artifact".id = found.id AND "Artifact"."buildId" = ${buildId}::uuid`
}

interface NewPair {
  kernelBuildId: string
  moduleBuildId: string
  state: PairState
}

/**
 * Pairs of a build with every ingested build of its stream, itself included, in both directions. The stream is held, so of two
 * builds that end their ingest at the same time the second sees the first.
 */
async function createPairs(tx: Tx, buildId: string, streamId: string, now: Date): Promise<NewPair[]> {
  return tx.$queryRaw<NewPair[]>`
    INSERT INTO "Pair" ("kernelBuildId", "moduleBuildId", "streamId", state, error, "updatedAt")
    SELECT k.id, m.id, ${streamId}::uuid,
      (CASE WHEN k."rulesVersion" IS NULL THEN 'failed' ELSE 'pending' END)::"PairState",
      CASE WHEN k."rulesVersion" IS NULL THEN ${JSON.stringify(rulesUnknown)}::jsonb END, ${now}
    FROM "Build" k JOIN "Build" m ON m."streamId" = k."streamId"
    WHERE k."streamId" = ${streamId}::uuid AND (k.id = ${buildId}::uuid OR m.id = ${buildId}::uuid)
      AND k."baseSha256" IS NOT NULL AND m."moduleSetId" IS NOT NULL
      AND k.state IN ('comparing', 'done') AND m.state IN ('comparing', 'done')
      AND k."withdrawnAt" IS NULL AND m."withdrawnAt" IS NULL
    ORDER BY k.id, m.id
    ON CONFLICT DO NOTHING
    RETURNING "kernelBuildId", "moduleBuildId", state`
}

/** Ends the transaction of an ingest that was decided by what is no longer all there is. */
export class StaleOrigin extends Error {
  override readonly name = 'StaleOrigin'
}

/**
 * Records an ingest in the caller's transaction: base, module set, facts, artifacts, then pairs with their tasks. Locks go from
 * the build to its stream to that of origins to pairs, so two ingests wait for each other and never in a circle.
 * @throws StaleOrigin
 */
export async function recordIngest(
  tx: Tx,
  result: IngestResult,
  now: Date,
): Promise<{ outcome: 'recorded' | 'already'; pairs: number }> {
  const { buildId, kernel, base, manifest, bundle } = result
  const [build] = isUuid(buildId)
    ? await tx.$queryRaw<{ state: string; streamId: string; name: string }[]>`
        SELECT state, "streamId", version || '-' || release AS name FROM "Build" WHERE id = ${buildId}::uuid
        FOR NO KEY UPDATE`
    : []
  if (build === undefined) throw new LedgerError('build-unknown', `There is no build ${buildId}.`)
  if (['comparing', 'done', 'failed'].includes(build.state)) return { outcome: 'already', pairs: 0 }
  if (build.state !== 'ingesting')
    throw new LedgerError('build-state', `Build ${buildId} is ${build.state}, not ingesting.`)

  let newBase = false
  if (base !== null) {
    const { sha256, size, types, strings } = base
    await recordBlobs(tx, [{ sha256, size }], now)
    const data = [{ sha256, types, strings, createdAt: now }]
    newBase = (await tx.base.createMany({ data, skipDuplicates: true })).count === 1
  }
  const set =
    manifest === null || bundle === null
      ? null
      : await recordModuleSet(tx, manifest, bundle, result.symbols ?? null, now)
  const exports = base === null ? null : (result.exports ?? null)
  if (exports !== null) await recordBlobs(tx, [exports], now)
  await recordArtifacts(tx, buildId, result.artifacts)
  await touchArtifacts(tx, buildId, result.artifacts, now)

  const { streamId } = build
  await tx.$queryRaw`SELECT id FROM "Stream" WHERE id = ${streamId}::uuid FOR NO KEY UPDATE`
  const origin = set === null ? undefined : result.origin
  if (base !== null || origin?.seen != null) await lockOrigins(tx)
  if (origin !== undefined && !(await stillHolds(tx, origin))) throw new StaleOrigin()
  await tx.build.update({
    where: { id: buildId },
    data: {
      state: 'comparing',
      moduleSetId: set?.id ?? null,
      ...(origin === undefined ? {} : originColumns(origin)),
      ...(kernel === null || base === null
        ? {}
        : {
            kernelFile: storable(kernel.file),
            kernelRelease: storable(kernel.release),
            kernelBanner: storable(kernel.banner),
            kernelBuildId: storable(kernel.buildId),
            rulesVersion: kernel.rules?.version ?? null,
            allowBtfMismatch: kernel.rules?.allowBtfMismatch ?? null,
            compiler: storable(kernel.compiler),
            pahole: storable(kernel.pahole),
            btfModules: kernel.btfModules,
            exportsSha256: exports?.sha256 ?? null,
            baseSha256: base.sha256,
          }),
    },
  })
  const made = await createPairs(tx, buildId, streamId, now)
  const waiting = made.filter(({ state }) => state === 'pending')
  await enqueue(
    tx,
    waiting.map(({ kernelBuildId, moduleBuildId }) => ({ kind: 'compare', kernelBuildId, moduleBuildId })),
    now,
  )
  if (base !== null) await lookAgain(tx, { buildId, streamId, name: build.name, base, newBase }, now)
  // A drift gives the fingerprints of its bases too; the first kernel of a stream has none, and a task of its own for them.
  if (base !== null && (await renewNeighbours(tx, streamId, now)) === 0)
    await enqueue(tx, [{ kind: 'fingerprint', baseSha256: base.sha256 }], now)
  if (waiting.length === 0)
    await tx.build.update({ where: { id: buildId }, data: { state: 'done', finishedAt: now } })
  return { outcome: 'recorded', pairs: made.length }
}
