import { LedgerError } from '../errors.js'
import type { Artifacts } from '../repositories.js'
import { type Database, Prisma, transact } from './database.js'
import { isId, newId } from './ids.js'
import { artifactRow } from './mapping.js'
import { recordRefusal } from './refusals.js'

/** Files of builds. A build takes files until it is sealed, and never another one under the same name. */
export function createArtifacts(database: Database): Artifacts {
  return {
    async add({ buildId, filename, sha256, size }) {
      if (!isId(buildId)) throw new LedgerError('build-unknown')
      return transact(database, async (queries) => {
        // Held against a seal, and against the same name coming in by another request.
        const [build] = await queries.$queryRaw<{ open: boolean }[]>`
          SELECT state IN ('declared', 'open') AS open FROM "Build" WHERE id = ${buildId}::uuid FOR NO KEY UPDATE`
        if (build === undefined) throw new LedgerError('build-unknown')
        const held = await queries.artifact.findUnique({
          where: { buildId_filename: { buildId, filename } },
        })
        if (held !== null) {
          const artifact = artifactRow(held)
          if (held.sha256 === sha256) return { outcome: 'same', artifact }
          const recorded = { sha256: held.sha256, size: artifact.size }
          const given = { sha256, size }
          await recordRefusal(queries, { buildId, filename, code: 'build-differs', recorded, given })
          return { outcome: 'differs', artifact }
        }
        if (!build.open) return { outcome: 'sealed', artifact: null }
        await queries.blob.createMany({ data: [{ sha256, size: BigInt(size) }], skipDuplicates: true })
        const record = await queries.artifact.create({
          data: { id: newId(), buildId, filename, sha256, size: BigInt(size), problems: [] },
        })
        await queries.$executeRaw(
          Prisma.sql`UPDATE "Build" SET state = 'open' WHERE id = ${buildId}::uuid AND state = 'declared'`,
        )
        return { outcome: 'created', artifact: artifactRow(record) }
      })
    },
  }
}
