import type { Queries } from './database.js'

/** What of a module build its origin base follows from. */
export interface OriginOf {
  streamId: string
  baseSha256: string | null
  builtFor: string | null
}

/**
 * The base that the modules of a build were built on: that of its own kernel, else that of the build of the stream that it
 * says it was built for, else null.
 */
export async function originOf(
  queries: Queries,
  { streamId, baseSha256, builtFor }: OriginOf,
): Promise<string | null> {
  if (baseSha256 !== null || builtFor === null) return baseSha256
  const [found] = await queries.$queryRaw<{ sha256: string | null }[]>`
    SELECT "baseSha256" AS sha256 FROM "Build"
    WHERE "streamId" = ${streamId}::uuid AND version || '-' || release = ${builtFor}`
  return found?.sha256 ?? null
}
