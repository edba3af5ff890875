import { parseVersion, type Rules, type RunningBase } from '@basedrift/btf'
import type { Bundle } from '../bundle/bundle.js'
import { CheckError } from '../errors.js'
import type { ManifestEntry } from '../manifest.js'
import { judgeSubject, type ModuleResult, OriginBase } from '../pure/index.js'
import type { KeptInputs } from './kept.js'

/** A module set, as its bundle, and the base that it is compared with. */
export interface SetOnBase {
  /** The running base BTF. */
  readonly basePath: string
  readonly bundlePath: string
  /** SHA-256 of the bundle. */
  readonly bundleSha256: string
  readonly rules: Rules
  /** False for a kernel built without CONFIG_DEBUG_INFO_BTF_MODULES: it looks at no module's BTF. */
  readonly btfModules: boolean
  readonly runningSha256: string
  /** SHA-256 of the base that those of the modules were built on which are `onOrigin`; null where none is known. */
  readonly originSha256: string | null
  /** That base, where it is at hand. */
  readonly originPath: string | null
}

/** What the manifest has to tell of a module that is judged. */
export interface JudgedEntry
  extends Pick<ManifestEntry, 'name' | 'file' | 'sha256' | 'originStrings' | 'stamp'> {
  /** Whether the origin of the set is that of this module, as `reachedBy` says. */
  readonly onOrigin: boolean
}

/** A module set that is ready to be judged. */
export interface JudgedSet {
  readonly bundle: Bundle
  readonly running: RunningBase
  /** The verdict on the module with this ordinal, with at most `maxFindings` findings of each kind. */
  judge(ordinal: number, entry: JudgedEntry, maxFindings: number): ModuleResult
}

/**
 * Opens the bundle and makes the bases ready; what `kept` has of them is not read again. Whoever calls it gives the bundle back
 * to `kept`.
 * @throws CheckError `bundle-malformed`; BtfError `rules-invalid`
 */
export async function openSet(set: SetOnBase, kept: KeptInputs): Promise<JudgedSet> {
  const { rules, btfModules, runningSha256 } = set
  parseVersion(rules.version)
  const running = await kept.base(runningSha256, set.basePath)
  const origin = await originOf(set, kept)
  const bundle = kept.bundle(set.bundleSha256, set.bundlePath)
  const known = origin === null ? null : kept.proofs(bundle, origin.sha256)
  return {
    bundle,
    running,
    judge(ordinal, entry, maxFindings) {
      const { btfSha256, distilledSha256 } = bundle.modules[ordinal]!
      const read = (sha256: string | null) => (sha256 === null || !btfModules ? null : bundle.read(sha256))
      const sections = { btf: read(btfSha256), distilled: read(distilledSha256) }
      const { originStrings, stamp, onOrigin } = entry
      // A stamp that names it is its own proof.
      const own = onOrigin || stamp?.sha256 === origin?.sha256 ? origin : null
      const originProof = own === null ? undefined : known?.[ordinal]
      const context = { runningSha256, origin: own, originProof, stamp, rules, originStrings, maxFindings }
      return judgeSubject(entry, sections, running, context)
    },
  }
}

async function originOf(
  { originSha256, originPath, runningSha256, basePath }: SetOnBase,
  kept: KeptInputs,
): Promise<OriginBase | null> {
  if (originSha256 === null) return null
  const path = originSha256 === runningSha256 ? basePath : originPath
  return path === null ? new OriginBase(originSha256, null) : kept.origin(originSha256, path)
}

/**
 * Makes sure that the module with this ordinal is the one that the manifest tells of.
 * @throws CheckError `bundle-mismatch`
 */
export function mustBe({ modules }: Bundle, ordinal: number, { sha256 }: Pick<JudgedEntry, 'sha256'>): void {
  if (modules[ordinal]?.sha256 !== sha256) throw new CheckError('bundle-mismatch')
}
