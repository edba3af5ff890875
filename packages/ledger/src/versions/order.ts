import { joinVersionRelease } from '@basedrift/contract'
import { type Database, transact } from '../db.js'
import { renewNeighbours } from '../drifts.js'
import type { VersionScheme } from '../rows.js'
import { versionKey } from './versions.js'

/** The key of a build as its stream orders it: empty where the stream has no scheme yet, so that all builds are equal. */
export function buildKey(
  scheme: VersionScheme | null,
  build: { version: string; release: string },
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(scheme === null ? [] : versionKey(scheme, joinVersionRelease(build)))
}

/**
 * Orders the builds of a stream by that scheme, and the drifts between them; with `first` only where it has none yet. No build
 * is declared meanwhile: who declares one waits for the stream.
 */
export async function orderStream(
  db: Database,
  streamId: string,
  scheme: VersionScheme,
  { first = false } = {},
): Promise<void> {
  const there = await db.prisma.stream.findUnique({
    where: { id: streamId },
    select: { versionScheme: true },
  })
  if (there?.versionScheme === scheme || (first && there?.versionScheme !== null)) return
  await transact(db, async (tx) => {
    const now = db.clock()
    // Builds before their stream, as everywhere.
    await tx.$executeRaw`SELECT id FROM "Build" WHERE "streamId" = ${streamId}::uuid ORDER BY id FOR NO KEY UPDATE`
    const [stream] = await tx.$queryRaw<{ versionScheme: VersionScheme | null }[]>`
      SELECT "versionScheme" FROM "Stream" WHERE id = ${streamId}::uuid FOR UPDATE`
    if (stream === undefined || stream.versionScheme === scheme) return
    if (first && stream.versionScheme !== null) return
    await tx.stream.update({ where: { id: streamId }, data: { versionScheme: scheme } })
    const builds = await tx.build.findMany({
      where: { streamId },
      select: { id: true, version: true, release: true },
    })
    const keys = builds.map((build) => ({
      id: build.id,
      key: Buffer.from(buildKey(scheme, build)).toString('hex'),
    }))
    await tx.$executeRaw`
      UPDATE "Build" SET "versionKey" = decode(given.key, 'hex')
      FROM jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) AS given (id uuid, key text) WHERE "Build".id = given.id`
    await renewNeighbours(tx, streamId, now)
  })
}
