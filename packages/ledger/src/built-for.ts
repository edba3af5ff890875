import type { Tx } from './db.js'
import { storable } from './json.js'

/** What a build says of the kernel that its modules were made for. */
export interface BuiltForClaim {
  /** Name of its stream. */
  stream: string
  /** `version-release` of a build of the stream. */
  builtFor: string | null
  /** When it was declared. */
  declaredAt: Date
}

/** The build that is meant; withdrawn, the claim says nothing any more. */
export interface MeantBuild {
  id: string
  withdrawn: boolean
}

/**
 * The build that a `builtFor` means: that which had the name when it was declared, else the first that got it later. A name is another
 * build's after a withdrawal, of which nothing was said: never the next holder. Of a withdrawal in the same millisecond nobody knows which
 * came first, and the claim is taken to be of the build that was withdrawn. Null where none has the name yet.
 */
export async function meantBy(
  tx: Tx,
  { stream, builtFor, declaredAt }: BuiltForClaim,
): Promise<MeantBuild | null> {
  if (builtFor === null) return null
  const [meant] = await tx.$queryRaw<MeantBuild[]>`
    SELECT k.id, k."withdrawnAt" IS NOT NULL AS withdrawn FROM "Build" k JOIN "Stream" s ON s.id = k."streamId"
    WHERE s.name = ${storable(stream)} AND k.version || '-' || k.release = ${storable(builtFor)}
      AND (k."withdrawnAt" IS NULL OR k."withdrawnAt" >= ${declaredAt})
    ORDER BY k.id LIMIT 1`
  return meant ?? null
}
