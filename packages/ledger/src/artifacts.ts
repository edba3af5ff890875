import { artifactKindOf } from '@basedrift/contract'
import { streamIdsOf } from './access/streams.js'
import { recordBlobs } from './blob-records.js'
import { artifactRow } from './build-rows.js'
import { type Database, transact } from './db.js'
import { LedgerError } from './errors.js'
import { isUuid, uuidv7 } from './ids.js'
import { recordRefusal } from './refusals.js'
import type { Artifacts } from './repositories.js'
import { orderStream } from './versions/order.js'
import { schemeOfFile } from './versions/versions.js'

type Added = Awaited<ReturnType<Artifacts['add']>>

/** The repository of artifacts. */
export function createArtifacts(db: Database): Artifacts {
  return {
    async add({ buildId, filename, kind = 'package', sha256, size, by = null, most }) {
      const { streamId, ...added } = await transact(db, async (tx): Promise<Added & { streamId: string }> => {
        const now = db.clock()
        // Holds the build: of an artifact and a seal at the same time one comes first, and both know which.
        const [build] = isUuid(buildId)
          ? await tx.$queryRaw<{ state: string; streamId: string; withdrawnAt: Date | null }[]>`
              SELECT state, "streamId", "withdrawnAt" FROM "Build" WHERE id = ${buildId}::uuid FOR NO KEY UPDATE`
          : []
        if (build === undefined) throw new LedgerError('build-unknown', `There is no build ${buildId}.`)
        if (build.withdrawnAt !== null) throw new LedgerError('build-withdrawn')
        const { streamId } = build
        const there = await tx.artifact.findUnique({ where: { buildId_filename: { buildId, filename } } })
        if (there !== null) {
          const artifact = artifactRow(there)
          if (there.sha256 === sha256) return { outcome: 'same', artifact, streamId }
          await recordRefusal(tx, {
            code: 'build-differs',
            buildId,
            filename,
            recorded: { sha256: there.sha256, size: artifact.size },
            given: { sha256, size },
            by,
            now,
          })
          return { outcome: 'differs', artifact, streamId }
        }
        if (build.state !== 'declared' && build.state !== 'open') {
          // Machines may have a package; evidence that is late decides nothing.
          const isPackage = kind === 'package' || artifactKindOf(filename) === 'package'
          if (isPackage)
            await recordRefusal(tx, {
              code: 'after-seal',
              buildId,
              filename,
              recorded: {},
              given: { sha256, size },
              by,
              now,
            })
          return { outcome: 'sealed', artifact: null, streamId }
        }
        if (most !== undefined && (await tx.artifact.count({ where: { buildId } })) >= most)
          return { outcome: 'full', artifact: null, streamId }
        await recordBlobs(tx, [{ sha256, size }], now)
        const made = await tx.artifact.create({
          data: { id: uuidv7(now.getTime()), buildId, filename, kind, sha256, size, createdAt: now },
        })
        if (build.state === 'declared')
          await tx.build.update({ where: { id: buildId }, data: { state: 'open' } })
        return { outcome: 'created', artifact: artifactRow(made), streamId }
      })
      const scheme = schemeOfFile(filename)
      if (added.outcome === 'created' && scheme !== null)
        await orderStream(db, streamId, scheme, { first: true })
      return added
    },

    async has(sha256, globs) {
      const streamId = { in: await streamIdsOf(db.prisma, globs) }
      return (await db.prisma.artifact.findFirst({ where: { sha256, build: { streamId } } })) !== null
    },
  }
}
