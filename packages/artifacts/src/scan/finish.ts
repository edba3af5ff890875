import { agree, type ReadConfig } from '../bytes/config.js'
import { problem } from '../bytes/errors.js'
import type { ArtifactFacts, KernelFacts, Problem } from '../bytes/types.js'
import { kernelVersion, releaseContradictions, releaseFromBanner, releaseFromPath } from '../bytes/version.js'
import type { FoundConfig, FoundKernel, ScanContext } from './context.js'
import { baseName } from './interest.js'

/**
 * The configs of a kernel: those of its release or, where the input holds one of each and a release is missing, that one, unless
 * its modules all are of another release.
 */
function configsOf(
  kernel: KernelFacts,
  kernels: number,
  { configs, claims }: Pick<ScanContext, 'configs' | 'claims'>,
): readonly FoundConfig[] {
  const same = configs.filter(({ facts }) => facts.release !== null && facts.release === kernel.release)
  if (same.length > 0) return same
  const only = configs[0]
  if (only === undefined || configs.length > 1 || kernels > 1) return []
  const { release } = only.facts
  if (release === null) return [only]
  const other = claims.length > 0 && !claims.some((claim) => claim.release === release)
  return kernel.release === null && !other ? [only] : []
}

/**
 * The config that counts: the one in the kernel's image, else that beside it, as long as all that there are agree. Where they do
 * not, what the image holds stands, and without that there is none; `ambiguous` is the first file that differs.
 */
function agreed(
  embedded: ReadConfig | null,
  beside: readonly FoundConfig[],
): { readonly read: ReadConfig | null; readonly ambiguous: string | null } {
  const first = embedded ?? beside[0]?.read ?? null
  const differs = first === null ? undefined : beside.find(({ read }) => !agree(first, read))
  if (differs !== undefined) return { read: embedded, ambiguous: differs.facts.file }
  const whole = beside.find(
    ({ read: { config } }) => config.btfModules !== null && config.allowBtfMismatch !== null,
  )
  return { read: embedded ?? whole?.read ?? first, ambiguous: null }
}

/** A kernel with its config joined, and its version from all that tells it. */
function join(found: FoundKernel, kernels: number, context: ScanContext): ArtifactFacts[] {
  const { kernel } = found
  const beside = configsOf(kernel, kernels, context)
  const { read, ambiguous } = agreed(found.config, beside)
  const told = kernelVersion({
    file: kernel.file,
    configVersion: read?.version ?? null,
    signature: read?.signature ?? null,
    banner: kernel.banner ?? found.setupVersion ?? null,
    release: releaseFromPath(kernel.file),
  })
  // What the image alone contradicts is among what is told now; raw BTF never tells a version, which is no problem.
  const kept = found.problems.filter(
    ({ code, at }) => code !== 'name-contradicts' && (code !== 'version-contradicts' || at !== null),
  )
  const added = told.problems.filter(({ code }) => code !== 'version-unknown' || kernel.kind !== 'raw-btf')
  const release = kernel.release ?? beside[0]?.facts.release ?? null
  const joined: KernelFacts = {
    ...kernel,
    release,
    version: told.version,
    config: read?.config ?? kernel.config,
    ...(context.keepsConfigs && read !== null ? { configText: read.text } : {}),
  }
  const differs = ambiguous === null ? [] : [problem('config-ambiguous', ambiguous, null)]
  return [joined, ...[...kept, ...added, ...differs].map(asFacts)]
}

function asFacts(found: Problem): ArtifactFacts {
  return { type: 'problem', ...found }
}

/** What can only be said at the end of the input: its kernels with their configs, and what contradicts itself in it. */
export async function* finish(context: ScanContext): AsyncGenerator<ArtifactFacts> {
  const found: FoundKernel[] = []
  const problems: ArtifactFacts[] = []
  for (const task of context.kernels) {
    const result = await task
    if ('kernel' in result) found.push(result)
    else problems.push(result)
  }
  context.signal.throwIfAborted()
  yield* problems
  const claims = [...context.claims]
  for (const one of found) {
    const { kernel } = one
    yield* join(one, found.length, context)
    const release = kernel.banner === null ? null : releaseFromBanner(kernel.banner)
    if (release !== null) claims.push({ file: kernel.file, source: 'banner', release })
  }
  const only = found.length === 1 ? found[0]!.kernel.release : null
  yield* releaseContradictions(only, claims).map(asFacts)
  yield* unreadModules(context).map(asFacts)
}

function unreadModules({ unread: { count, files } }: ScanContext): Problem[] {
  const [first] = files
  if (first === undefined) return []
  const names = files.map((file) => baseName(file).slice(0, 80)).join(', ')
  const more = count > files.length ? ` and ${count - files.length} more` : ''
  const what =
    count === 1
      ? '1 file below lib/modules is named as a module'
      : `${count} files below lib/modules are named as modules`
  return [problem('modules-unread', first, null, `${what}: ${names}${more}`)]
}
