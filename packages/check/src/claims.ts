import {
  type ArtifactFacts,
  agree,
  type KernelConfig,
  type Problem,
  problem,
  releaseFromPath,
  releaseFromVermagic,
} from '@basedrift/artifacts'
import { isOther, type KernelSummary } from './kernels.js'

/** What one file of a build's inputs says of the kernel that it is of. */
export interface Claim {
  /** Which of the inputs. */
  readonly input: number
  readonly file: string
  readonly source: 'kernel' | 'config' | 'vermagic'
  /** `uname -r` */
  readonly release: string | null
  /** Upstream version, three numbers. */
  readonly version: string | null
  /** What a config has set. */
  readonly config: KernelConfig | null
}

/** What a file says by its banner, name, config or vermagic; null for one that says nothing of a kernel. */
export function claimOf(facts: ArtifactFacts, input: number): Claim | null {
  if (facts.type === 'problem' || facts.type === 'symvers') return null
  const { file } = facts
  if (facts.type !== 'module') {
    const { type: source, release, version } = facts
    const config = source === 'config' ? facts.config : null
    return { input, file, source, release, version, config }
  }
  const release = facts.vermagic === null ? '' : releaseFromVermagic(facts.vermagic)
  return release === '' ? null : { input, file, source: 'vermagic', release, version: null, config: null }
}

/** The releases that the modules name. */
export function moduleReleases(claims: readonly Claim[]): Set<string> {
  return new Set(
    claims.flatMap(({ source, release }) => (source === 'vermagic' && release !== null ? [release] : [])),
  )
}

/** A problem, and which of the inputs it is in. */
export type ClaimProblem = Problem & { readonly input: number }

/** Pairs of releases or versions that are told apart; a build has few. */
const mostProblems = 100

/**
 * What the inputs of one build contradict each other in: every claim against the kernel as it was joined from all of them,
 * one problem for each input and pair of releases or versions, for the first file that shows it. What the scan of one input
 * has told already (a vermagic against the release in its path, or against the kernel beside it) is not told again.
 */
export function contradictions(kernel: KernelSummary, claims: readonly Claim[]): ClaimProblem[] {
  const beside = new Set(claims.filter(({ file }) => file === kernel.file).map(({ input }) => input))
  const modules = moduleReleases(claims)
  const found = new Map<string, { claim: Claim; detail: string; count: number }>()
  for (const claim of claims) {
    const detail = contradiction(kernel, claim, modules)
    if (detail === null) continue
    if (claim.source === 'vermagic') {
      const inPath = releaseFromPath(claim.file)
      if (inPath === kernel.release || (inPath === null && beside.has(claim.input))) continue
    }
    const key = `${claim.input}\0${detail}`
    const known = found.get(key)
    if (known !== undefined) known.count++
    else if (found.size < mostProblems) found.set(key, { claim, detail, count: 1 })
  }
  const told = [...found.values()].map(({ claim, detail, count }) => {
    const others = count === 1 ? '' : ` (and ${count - 1} more like it)`
    const { file, source, input } = claim
    return { ...problem('version-contradicts', file, source, `${detail}${others}`), input }
  })
  return [...told, ...otherConfigs(kernel, claims)]
}

/** Options of a config that a check goes by, or that tell which tools were used. */
const options = {
  btfModules: 'CONFIG_DEBUG_INFO_BTF_MODULES',
  allowBtfMismatch: 'CONFIG_MODULE_ALLOW_BTF_MISMATCH',
  modversions: 'CONFIG_MODVERSIONS',
  forceLoad: 'CONFIG_MODULE_FORCE_LOAD',
  missingNamespaces: 'CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS',
  compiler: 'CONFIG_CC_VERSION_TEXT',
  pahole: 'CONFIG_PAHOLE_VERSION',
} as const satisfies Record<keyof KernelConfig, string>

/**
 * Configs that name no other kernel, and yet have set something else than this one has: the first such option of each. Where the
 * kernel has none, since those of its release in several inputs contradict each other: the first that does.
 */
function otherConfigs({ release, config: own }: KernelSummary, claims: readonly Claim[]): ClaimProblem[] {
  if (own === null) return ambiguousConfig(release, claims)
  return claims.flatMap(({ config, release: other, file, input }) => {
    if (config === null || (other !== null && other !== release)) return []
    const differing = (Object.keys(options) as (keyof KernelConfig)[]).find((key) =>
      differ(config[key], own[key]),
    )
    if (differing === undefined) return []
    const detail = `${options[differing]} is ${config[differing] ?? 'not set'} in it, ${own[differing] ?? 'not set'} in the kernel's own`
    return [{ ...problem('config-contradicts', file, options[differing], detail), input }]
  })
}

/** A switch that a config does not tell differs from none. */
function differ(one: string | boolean | null, other: string | boolean | null): boolean {
  const untold = typeof (one ?? other) === 'boolean' && (one === null || other === null)
  return !untold && one !== other
}

function ambiguousConfig(release: string | null, claims: readonly Claim[]): ClaimProblem[] {
  const named = claims.flatMap(({ config, ...claim }) =>
    config === null || claim.release === null || claim.release !== release ? [] : [{ ...claim, config }],
  )
  const [first] = named
  const other = first && named.find((one) => one.input !== first.input && !agree(first, one))
  return other === undefined ? [] : [{ ...problem('config-ambiguous', other.file, null), input: other.input }]
}

/** How a claim differs from the kernel of the build; null where it does not. */
function contradiction(kernel: KernelSummary, claim: Claim, modules: ReadonlySet<string>): string | null {
  const { source, release, version } = claim
  if (release !== null && kernel.release !== null && release !== kernel.release)
    return `the kernel ${kernel.file} says ${kernel.release}, the ${source} ${release}`
  // Nothing but the modules names the kernel's release, and the config is of none of them.
  if (source === 'config' && release !== null && kernel.release === null && isOther(release, modules))
    return `the modules say ${[...modules][0]}, the ${source} ${release}`
  if (version !== null && kernel.version !== null && version !== kernel.version)
    return `the build's kernel is ${kernel.version}, the ${source} says ${version}`
  return null
}
