import { statementOf } from '../build-rows.js'
import type { BuildRecord, GatedRecord } from './build-records.js'
import type { KnownManifest } from './manifests.js'
import type { Party } from './meetings.js'
import type { RefusedContent, Witness } from './missing.js'

const releasesIn = ({ moduleSetId }: BuildRecord, manifests: ReadonlyMap<string, KnownManifest>) =>
  (moduleSetId === null ? undefined : manifests.get(moduleSetId))?.releases ?? []

/** What of a build keeps a gate from passing by it. */
export function witness(
  record: BuildRecord & Partial<Pick<GatedRecord, 'empty' | 'remarks'>> & { btfMissing?: boolean },
  refusals: ReadonlyMap<string, RefusedContent[]>,
  manifests: ReadonlyMap<string, KnownManifest> = new Map(),
): Witness {
  const {
    id,
    version,
    release,
    state,
    failure,
    hasKernel,
    kernelRelease,
    moduleSetId,
    empty = [],
    remarks = [],
    btfMissing = false,
  } = record
  const { unusable, problems, refused } = record
  const isKernel = hasKernel && kernelRelease !== null
  const otherReleases = isKernel
    ? releasesIn(record, manifests).filter((release) => release !== kernelRelease)
    : []
  const misplaced = hasKernel || moduleSetId === null ? [] : (manifests.get(moduleSetId)?.misplaced ?? [])
  return {
    ref: { id, version, release },
    state,
    failure,
    hasKernel,
    unusable,
    empty,
    remarks,
    btfMissing,
    problems,
    refused,
    refusals: refusals.get(id) ?? [],
    withdrawn: statementOf(record.withdrawnAt, record.withdrawnBy, record.withdrawnReason),
    otherReleases,
    misplaced,
    kernelRelease: hasKernel ? kernelRelease : null,
  }
}

/** A build that the new one may meet: modules of a package that were not looked at may be any. */
export function foreign(record: BuildRecord, refusals: ReadonlyMap<string, RefusedContent[]>): Witness {
  return witness({ ...record, unusable: [...new Set([...record.unusable, ...record.unlooked])] }, refusals)
}

/** What of a build says whom it meets. */
export function party(record: BuildRecord, manifests: ReadonlyMap<string, KnownManifest>): Party {
  const { id, version, release, state, hasKernel, moduleSetId, kernelRelease, builtFor } = record
  return {
    ref: { id, version, release },
    state,
    hasKernel,
    hasModules: moduleSetId !== null,
    kernelRelease,
    moduleReleases: releasesIn(record, manifests),
    builtFor,
  }
}
