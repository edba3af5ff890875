import { LedgerError } from '../errors.js'
import type { IngestResult } from '../repositories.js'
import type { BuildRow } from '../rows.js'
import type { Prisma, Queries } from './database.js'
import { buildRow, wholeBuild } from './mapping.js'
import { recordModuleSet } from './module-sets.js'
import { originOf } from './origin.js'
import { compareTask, type NewTask, recordTasks } from './work.js'

/** Writes what an ingest found of each artifact. */
export async function recordArtifacts(queries: Queries, artifacts: IngestResult['artifacts']): Promise<void> {
  for (const { id, state, problems } of artifacts)
    await queries.artifact.update({
      where: { id },
      data: { state, problems: problems as unknown as Prisma.InputJsonValue },
    })
}

/** The facts of an ingest, then the pairs that follow from it. Of several calls for a build the first counts. */
export async function recordIngest(
  queries: Queries,
  result: IngestResult,
  now: Date,
): Promise<{ outcome: 'recorded' | 'already'; build: BuildRow; pairs: number }> {
  const { buildId, kernel, base, manifest, bundle } = result
  const moduleSetId =
    manifest === null || bundle === null ? null : await recordModuleSet(queries, manifest, bundle)
  if (base !== null) {
    const { sha256, types, strings, size } = base
    await queries.blob.createMany({ data: [{ sha256, size: BigInt(size) }], skipDuplicates: true })
    await queries.base.createMany({ data: [{ sha256, types, strings }], skipDuplicates: true })
  }
  // Builds of a stream are paired one after the other: of two that come in together, the later one sees the earlier.
  const [locked] = await queries.$queryRaw<{ id: string }[]>`
    SELECT s.id FROM "Stream" s JOIN "Build" b ON b."streamId" = s.id WHERE b.id = ${buildId}::uuid FOR UPDATE OF s`
  if (locked === undefined) throw new LedgerError('build-unknown')
  const { count } = await queries.build.updateMany({
    where: { id: buildId, state: 'ingesting' },
    data: {
      state: 'comparing',
      ...(kernel === null || base === null
        ? {}
        : {
            kernelFile: kernel.file,
            kernelRelease: kernel.release,
            kernelBanner: kernel.banner,
            kernelBuildId: kernel.buildId,
            rulesVersion: kernel.rules?.version ?? null,
            allowBtfMismatch: kernel.rules?.allowBtfMismatch ?? null,
            baseSha256: base.sha256,
          }),
      moduleSetId,
    },
  })
  const whole = () => queries.build.findUniqueOrThrow({ where: { id: buildId }, include: wholeBuild })
  if (count === 0) return { outcome: 'already', build: buildRow(await whole()), pairs: 0 }
  await recordArtifacts(queries, result.artifacts)
  const pairs = await recordPairs(queries, buildId, locked.id, now)
  if (pairs === 0)
    await queries.build.update({ where: { id: buildId }, data: { state: 'done', finishedAt: now } })
  return { outcome: 'recorded', build: buildRow(await whole()), pairs }
}

/** Pairs of a build that was just ingested with every other one of its stream, in both directions, and with itself. */
async function recordPairs(queries: Queries, buildId: string, streamId: string, now: Date): Promise<number> {
  const builds = await queries.build.findMany({
    where: { streamId, OR: [{ baseSha256: { not: null } }, { moduleSetId: { not: null } }] },
    select: {
      id: true,
      version: true,
      release: true,
      builtFor: true,
      streamId: true,
      baseSha256: true,
      moduleSetId: true,
    },
  })
  const own = builds.find(({ id }) => id === buildId)
  if (own === undefined) return 0
  const kernels = builds.filter(({ baseSha256 }) => baseSha256 !== null)
  const modules = builds.filter(({ moduleSetId }) => moduleSetId !== null)
  const tasks = new Map<string, NewTask>()
  const pairs: { kernelBuildId: string; moduleBuildId: string; streamId: string }[] = []
  for (const moduleBuild of modules) {
    // A kernel that modules name as theirs makes their origin base known: all their pairs are decided again.
    const found =
      own.baseSha256 !== null &&
      moduleBuild.baseSha256 === null &&
      moduleBuild.builtFor === `${own.version}-${own.release}`
    const origin = await originOf(queries, moduleBuild)
    for (const kernel of kernels) {
      const isNew = kernel.id === buildId || moduleBuild.id === buildId
      if (!isNew && !found) continue
      pairs.push({ kernelBuildId: kernel.id, moduleBuildId: moduleBuild.id, streamId })
      const task = compareTask(kernel.id, moduleBuild.id, origin)
      tasks.set(task.id, task)
    }
    if (found)
      await queries.pair.updateMany({
        where: { moduleBuildId: moduleBuild.id },
        data: { state: 'pending', comparisonKey: null },
      })
  }
  await queries.pair.createMany({ data: pairs, skipDuplicates: true })
  await recordTasks(queries, [...tasks.values()], now)
  return pairs.length
}
