import { releaseFromVermagic } from '@basedrift/artifacts'
import type { FitResult } from '@basedrift/check'
import {
  type BaseRow,
  commonOriginStrings,
  commonStamp,
  type Failure,
  type ModuleRow,
  mostOriginCandidates,
  type OriginDecision,
  type OriginQuery,
  type OriginSource,
  type Origins,
} from '@basedrift/ledger'
import { workerErrorCodes } from '../errors.js'
import { detailOf, type FitAll, isRefuted, misfitsOf, mostNamed } from './fit.js'

/** The modules of a build, and what is said of the base that they were built on. */
export interface OriginSubject {
  stream: string
  /** `version-release` of the kernel build of its stream that they were built for. */
  builtFor: string | null
  /** When the build was declared. */
  declaredAt: string
  /** Base of the kernel in the build itself. */
  own: BaseRow | null
  /** `uname -r` of that kernel; null where it is not known. */
  ownRelease: string | null
  manifest: readonly ModuleRow[]
}

/** Releases by which kernels are looked for; the modules of one build name one. */
const mostReleases = 16

/**
 * Decides which base the modules of a build were built on. What is said of it counts first: the stamps of most of its modules, the
 * kernel in the build itself, then the one that it names in `builtFor`; but not where the modules refute it ({@link isRefuted}).
 * Without any, a recorded base is the one where all modules that tell the set's common string length fit it, and fit
 * no other. Whatever contradicts what is said is told, the kernel release in the modules' vermagic included, which alone decides
 * nothing: it is the same for every rebuild.
 */
export async function decideOrigin(
  subject: OriginSubject,
  fitAll: FitAll,
  origins: Pick<Origins, 'evidence'>,
): Promise<OriginDecision> {
  const { own } = subject
  const problems: Failure[] = []
  const claimed = async (source: OriginSource, base: BaseRow, kernel: string, release: string | null) => {
    const [fit] = await fitAll([base])
    if (fit === undefined) return null
    problems.push(...problemsOf(fit, { base, kernel, manifest: subject.manifest }))
    return isRefuted(fit) ? null : { baseSha256: base.sha256, source, release }
  }
  const query = queryOf(subject)
  const elsewhere = query.stamp !== null && query.stamp !== own?.sha256
  const ownIs = async (base: BaseRow) => claimed('own', base, 'the kernel in the build', subject.ownRelease)
  if (own !== null && !elsewhere) {
    const origin = await ownIs(own)
    if (origin !== null) return { origin, problems, seen: null }
  }
  const evidence = await origins.evidence(query)
  const seen = { query, evidence }
  const { stamped, stated, statedRelease, candidates, named } = evidence
  if (elsewhere) {
    if (own !== null) problems.push(stampedElsewhere(subject.manifest, query.stamp))
    const origin =
      stamped === null ? null : await claimed('stamp', stamped, 'the base that their stamps name', null)
    if (origin !== null) return { origin, problems, seen }
    const inBuild = own === null ? null : await ownIs(own)
    if (inBuild !== null) return { origin: inBuild, problems, seen }
  }
  if (stated !== null) {
    const origin = await claimed('stated', stated, `the kernel of ${subject.builtFor}`, statedRelease)
    if (origin !== null) return { origin, problems, seen }
  }
  if (own === null && stated === null)
    problems.push(...(await namesAnother(named, query.releases, subject.manifest, fitAll)))
  const others = candidates.filter(({ sha256 }) => sha256 !== stated?.sha256)
  const found = candidates.length > mostOriginCandidates ? [] : await fitting(others, query.strings, fitAll)
  const [only] = found
  const origin =
    only === undefined || found.length > 1
      ? null
      : { baseSha256: only.sha256, source: 'found' as const, release: null }
  return { origin, problems, seen }
}

function queryOf({ stream, builtFor, declaredAt, own, manifest }: OriginSubject): OriginQuery {
  const releases = new Set(manifest.map(({ vermagic }) => releaseFromVermagic(vermagic ?? '')))
  releases.delete('')
  return {
    stream,
    builtFor,
    declaredAt,
    own: own?.sha256 ?? null,
    stamp: commonStamp(manifest),
    strings: commonOriginStrings(manifest),
    releases: [...releases].sort().slice(0, mostReleases),
  }
}

/** What is told of a build whose modules are stamped with another base than that of the kernel beside them. */
function stampedElsewhere(manifest: readonly ModuleRow[], stamp: string | null): Failure {
  const first = manifest.find((module) => module.stamp?.sha256 === stamp)
  const what = `Most modules of the build are stamped with the base ${stamp}, which is not that of the kernel in the build`
  return contradicted(first?.file ?? null, what)
}

/** The bases that all modules that tell this string length fit. */
async function fitting(
  bases: readonly BaseRow[],
  strings: number | null,
  fitAll: FitAll,
): Promise<BaseRow[]> {
  if (bases.length === 0 || strings === null) return []
  const fits = await fitAll(bases)
  return bases.filter((_, nth) => fits[nth]?.contradicting === 0)
}

function contradicted(file: string | null, what: string): Failure {
  const message = `${what}. ${workerErrorCodes['origin-contradicted']}`
  return { code: 'origin-contradicted', message, ...(file === null ? {} : { file }) }
}

/** A base that modules are said to have been built on, and in words what kernel that is. */
interface Claim {
  base: BaseRow
  kernel: string
  manifest: readonly ModuleRow[]
}

/** What contradicts that the modules were built on a kernel: told once where they refute it, else of each that does. */
function problemsOf(fit: FitResult, { base, kernel, manifest }: Claim): Failure[] {
  const { listed, telling } = fit
  const count = misfitsOf(fit)
  const [first] = listed
  if (first === undefined) return []
  const fileOf = (ordinal: number) => manifest[ordinal]?.file ?? null
  if (isRefuted(fit)) {
    const detail = detailOf(first, base, manifest)
    const what = `${count} of the ${telling} modules that tell it were not built on ${kernel}: of the first, ${detail}`
    return [contradicted(fileOf(first.ordinal), what)]
  }
  return listed.slice(0, mostNamed).map((misfit, nth) => {
    const more = nth === mostNamed - 1 && count > mostNamed ? ` (and ${count - mostNamed} more)` : ''
    const what = `It was not built on ${kernel}: ${detailOf(misfit, base, manifest)}${more}`
    return contradicted(fileOf(misfit.ordinal), what)
  })
}

/** What contradicts the release that the modules name, where the stream has kernels of it and the modules refute each. */
async function namesAnother(
  named: readonly BaseRow[],
  releases: readonly string[],
  manifest: readonly ModuleRow[],
  fitAll: FitAll,
): Promise<Failure[]> {
  if (named.length === 0 || named.length > mostOriginCandidates) return []
  const fits = await fitAll(named)
  if (!fits.every(isRefuted)) return []
  const which = named.length === 1 ? 'the one base' : `any of the ${named.length} bases`
  const what = `The modules name the kernel ${releases.join(', ')}, and were not built on ${which} that this stream has of it`
  return [contradicted(manifest[fits[0]?.listed[0]?.ordinal ?? -1]?.file ?? null, what)]
}
