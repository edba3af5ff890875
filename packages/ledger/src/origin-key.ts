import type { OriginKey, OriginSource } from './rows.js'

/** The columns of a build that tell the origin of its modules. */
export interface OriginColumns {
  originSha256: string | null
  originSource: OriginSource | null
  originRelease: string | null
}

/**
 * What the modules of a build are compared with as the base that they were built on: nothing where it was only found. That their string
 * length and references fit a base does not show that they were built on it: a rebuild of equal length fits as well.
 */
export function originKeyOf({ originSha256, originSource, originRelease }: OriginColumns): OriginKey {
  if (originSha256 === null || originSource === 'found')
    return { originSha256: null, originStamped: false, originRelease: null }
  const originStamped = originSource === 'stamp'
  return { originSha256, originStamped, originRelease: originStamped ? null : originRelease }
}
