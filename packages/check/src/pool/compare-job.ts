import { setImmediate } from 'node:timers/promises'
import { parseVersion, type Rules, type RunningBase } from '@basedrift/btf'
import { CheckError } from '../errors.js'
import type { ManifestEntry } from '../manifest.js'
import { judgeSubject, type ModuleResult, OriginBase, summary, type Verdict } from '../pure/index.js'
import { encodeRows } from '../rows/codec.js'
import type { KeptInputs } from './kept.js'

/** A module set, as its bundle and manifest, and the base that it is compared with. */
export interface CompareJob {
  /** The running base BTF. */
  readonly basePath: string
  readonly bundlePath: string
  /** SHA-256 of the bundle. */
  readonly bundleSha256: string
  /** The manifest that the bundle was written with, in its order. */
  readonly manifest: readonly Pick<ManifestEntry, 'name' | 'file' | 'sha256' | 'originStrings'>[]
  readonly rules: Rules
  /** False for a kernel built without CONFIG_DEBUG_INFO_BTF_MODULES: it looks at no module's BTF. */
  readonly btfModules: boolean
  readonly runningSha256: string
  /** SHA-256 of the base that the modules were built on; null where none is known. */
  readonly originSha256: string | null
  /** That base, where it is at hand. */
  readonly originPath: string | null
}

/** How many of a comparison's modules have been judged. */
export interface CompareProgress {
  readonly judged: number
  readonly total: number
}

/** Counts per verdict, and the rows as `encodeRows` packs them. */
export interface CompareResult {
  readonly counts: Partial<Record<Verdict, number>>
  readonly rows: Uint8Array
}

/** Modules judged between two looks at the signal. */
const stride = 256

/**
 * Judges every module of a set on one base. What `kept` has of the inputs is not read again.
 * @throws CheckError `bundle-mismatch`, `bundle-malformed`; BtfError `rules-invalid`
 */
export async function runCompare(
  job: CompareJob,
  kept: KeptInputs,
  { signal, progress }: { readonly signal: AbortSignal; progress(progress: CompareProgress): void },
): Promise<CompareResult> {
  const { manifest, rules, btfModules, runningSha256 } = job
  parseVersion(rules.version)
  const running = await kept.base(runningSha256, job.basePath)
  const origin = await originOf(job, running, kept)
  const bundle = kept.bundle(job.bundleSha256, job.bundlePath)
  try {
    const { modules } = bundle
    if (
      modules.length !== manifest.length ||
      modules.some(({ sha256 }, nth) => sha256 !== manifest[nth]!.sha256)
    )
      throw new CheckError('bundle-mismatch')
    const results = new Array<ModuleResult>(modules.length)
    let judged = 0
    for (const nth of bundle.readingOrder()) {
      const { btfSha256, distilledSha256 } = modules[nth]!
      const read = (sha256: string | null) => (sha256 === null || !btfModules ? null : bundle.read(sha256))
      const sections = { btf: read(btfSha256), distilled: read(distilledSha256) }
      const { originStrings } = manifest[nth]!
      const context = { runningSha256, origin, rules, originStrings, maxFindings: 0 }
      results[nth] = judgeSubject(manifest[nth]!, sections, running, context)
      if (++judged % stride > 0) continue
      progress({ judged, total: modules.length })
      await setImmediate()
      if (signal.aborted) throw new CheckError('check-aborted')
    }
    const { total: _, ...counts } = summary(results)
    return { counts, rows: encodeRows(results) }
  } finally {
    kept.close(bundle)
  }
}

async function originOf(
  { originSha256, originPath, runningSha256 }: CompareJob,
  running: RunningBase,
  kept: KeptInputs,
): Promise<OriginBase | null> {
  if (originSha256 === null) return null
  if (originSha256 === runningSha256) return new OriginBase(originSha256, running)
  return new OriginBase(originSha256, originPath === null ? null : await kept.base(originSha256, originPath))
}
