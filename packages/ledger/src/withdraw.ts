import { type Database, type Tx, transact } from './db.js'
import { renewNeighbours } from './drifts.js'
import { enqueue } from './enqueue.js'
import { LedgerError } from './errors.js'
import { isUuid } from './ids.js'
import { storable } from './json.js'
import { lockOrigins } from './origins.js'

interface HeldBuild {
  id: string
  streamId: string
  name: string
  baseSha256: string | null
  withdrawnAt: Date | null
}

/**
 * Withdraws a build that was pushed by mistake: it takes part in nothing from now on, and its name is free. What is recorded of it stays under its
 * id. The same again changes nothing. `build-unknown`; `build-live` where machines are said to run it.
 */
export async function withdrawBuild(
  db: Database,
  buildId: string,
  { reason, by }: { reason: string; by: string },
): Promise<void> {
  await transact(db, async (tx) => {
    const now = db.clock()
    const [build] = isUuid(buildId)
      ? await tx.$queryRaw<HeldBuild[]>`
          SELECT id, "streamId", version || '-' || release AS name, "baseSha256", "withdrawnAt"
          FROM "Build" WHERE id = ${buildId}::uuid FOR NO KEY UPDATE`
      : []
    if (build === undefined) throw new LedgerError('build-unknown', `There is no build ${buildId}.`)
    if (build.withdrawnAt !== null) return
    const { streamId, baseSha256 } = build
    // Builds enter what is live while they hold it.
    await tx.$queryRaw`SELECT id FROM "Stream" WHERE id = ${streamId}::uuid FOR NO KEY UPDATE`
    await refuseLive(tx, buildId)
    if (baseSha256 !== null) await lockOrigins(tx)
    await tx.build.update({
      where: { id: buildId },
      data: { withdrawnAt: now, withdrawnBy: storable(by), withdrawnReason: storable(reason) },
    })
    if (baseSha256 === null) return
    await lookAgainWithout(tx, { ...build, baseSha256 }, now)
    await renewNeighbours(tx, streamId, now)
  })
}

async function refuseLive(tx: Tx, buildId: string): Promise<void> {
  const entries = await tx.live.findMany({
    where: { buildId, leftAt: null },
    select: { environment: true },
    orderBy: { environment: 'asc' },
  })
  if (entries.length === 0) return
  const environments = entries.map(({ environment }) => environment)
  throw new LedgerError('build-live', `The build is live in ${environments.join(', ')}.`)
}

/** Looks again for the origin of what was, or may have been, found or said to be built on a kernel that was withdrawn. */
async function lookAgainWithout(
  tx: Tx,
  { id, streamId, name, baseSha256 }: HeldBuild & { baseSha256: string },
  now: Date,
): Promise<void> {
  const builds = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Build"
    WHERE "streamId" = ${streamId}::uuid AND id <> ${id}::uuid AND "moduleSetId" IS NOT NULL AND "withdrawnAt" IS NULL
      AND state IN ('comparing', 'done')
      AND ("originSha256" IS NULL OR "builtFor" = ${name}
        OR ("originSource" IN ('found', 'stated') AND "originSha256" = ${baseSha256}))
    ORDER BY id`
  await enqueue(
    tx,
    builds.map((build) => ({ kind: 'origin', buildId: build.id })),
    now,
  )
}
