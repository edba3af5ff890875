import { problem } from './errors.js'
import type { Problem } from './types.js'

/** What names a kernel's version; each is null where the input does not have it. */
export interface VersionSources {
  /** File that a problem is reported for. */
  readonly file: string
  /** Version from the config's header, three numbers. */
  readonly configVersion: string | null
  /** The distribution's version string from the config or `/proc/version_signature`. */
  readonly signature?: string | null
  /** `Linux version …`, or the setup header's version string. */
  readonly banner: string | null
  /** Releases as the file's path and other files name them. */
  readonly release: string | null
}

function three(major: string, minor: string, patch: string | undefined): string {
  return `${Number(major)}.${Number(minor)}.${Number(patch ?? '0')}`
}

/** The release (`uname -r`) that a banner names; null for text that is no banner. */
export function releaseFromBanner(banner: string): string | null {
  return /^(?:Linux version )?(\d+\.\d+\S*)/.exec(banner)?.[1] ?? null
}

/**
 * Upstream version from the distribution's part of a banner: Debian and its derivatives put the package version after the
 * build number (`#1 SMP … Debian 6.1.192-2 (…)`), Ubuntu appends CONFIG_VERSION_SIGNATURE. Null where there is none.
 */
function fromDistribution(banner: string): string | null {
  const debian =
    /#\d.*\b(?:Debian|PMX|Raspbian) (?:\d{1,4}:)?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?(?=[-~+])/.exec(banner)
  if (debian !== null) return three(debian[1]!, debian[2]!, debian[3])
  const ubuntu = /\((Ubuntu [^()]*)\)\s*$/.exec(banner)
  return ubuntu === null ? null : fromSignature(ubuntu[1]!)
}

/** `Ubuntu 5.15.0-91.101-generic 5.15.131` → `5.15.131`. */
function fromSignature(signature: string): string | null {
  const found = /^\S+ \S+ (\d{1,4})\.(\d{1,4})\.(\d{1,6})$/.exec(signature.trim())
  return found === null ? null : three(found[1]!, found[2]!, found[3])
}

/**
 * Upstream version from a release, where the release tells it. `6.1.0-56-amd64` does not: Debian and Ubuntu number their
 * ABI behind a fixed `.0`, as RHEL and SLE do, whatever the patch level. Fedora's `6.8.0-63.fc41` is true, as is any other
 * patch level (`5.15.12-1-default`).
 */
export function versionFromRelease(release: string): string | null {
  const found = /^(\d{1,4})\.(\d{1,4})\.(\d{1,6})(?!\d)(.*)/.exec(release)
  if (found === null) return null
  const rest = found[4]!
  const numberedAbi = Number(found[3]) === 0 && /^-\d/.test(rest) && !/\.fc\d+(?:\.|$)/.test(rest)
  return numberedAbi ? null : three(found[1]!, found[2]!, found[3])
}

const fileName = 'the file name'

/** `6.1` of `6.1.192`, and of `6.1.0-56-amd64`. */
export function series(version: string): string {
  return /^\d+\.\d+/.exec(version)?.[0] ?? version
}

/** The code of a contradiction that the path of a file makes. Who sent a file that came alone named it so, and nothing is installed by it. */
const codeOfPath = (file: string) => (/[/!]/.test(file) ? 'version-contradicts' : 'name-contradicts')

/**
 * The upstream version that a kernel's rules follow, and what contradicts it. In this order: the config's header, the
 * distribution's part of the banner or signature, and the release where it tells a patch level; else null with
 * `version-unknown`. Sources that differ are reported as `version-contradicts`, the name of a file that came alone as
 * `name-contradicts`: the first is used where config and banner are of one series (`6.1`), else none, as nothing tells which of
 * them is right.
 */
export function kernelVersion(sources: VersionSources): { version: string | null; problems: Problem[] } {
  const { file, configVersion, signature, banner } = sources
  const bannerRelease = banner === null ? null : releaseFromBanner(banner)
  const told: { from: string; version: string }[] = []
  const add = (from: string, version: string | null) => {
    if (version !== null) told.push({ from, version })
  }
  add('the config', configVersion)
  add('the version signature in the config', signature == null ? null : fromSignature(signature))
  add('the banner', banner === null ? null : fromDistribution(banner))
  add('the release in the banner', bannerRelease === null ? null : versionFromRelease(bannerRelease))
  add(fileName, sources.release === null ? null : versionFromRelease(sources.release))
  const problems: Problem[] = []
  const first = told[0]
  if (first === undefined) {
    problems.push(problem('version-unknown', file, null))
    return { version: null, problems }
  }
  let isOneSeries = true
  const contradict = (from: string, what: string) => {
    // A file may be called anything.
    if (from !== fileName && series(what) !== series(first.version)) isOneSeries = false
    const detail = `${first.from} says ${first.version}, ${from} says ${what}`
    const code = from === fileName ? codeOfPath(file) : 'version-contradicts'
    problems.push(problem(code, file, null, detail))
  }
  for (const { from, version } of told.slice(1)) if (version !== first.version) contradict(from, version)
  // A release that tells no patch level still tells the series.
  for (const [from, release] of [
    ['the release in the banner', bannerRelease],
    [fileName, sources.release],
  ] as const) {
    const found = release === null ? null : /^\d+\.\d+/.exec(release)
    if (release === null || found === null || versionFromRelease(release) !== null) continue
    if (found[0] !== series(first.version)) contradict(from, release)
  }
  return { version: isOneSeries ? first.version : null, problems }
}

/**
 * The release in a path inside a package: `boot/config-REL`, `boot/vmlinuz-REL`, `boot/vmlinux-REL`, `boot/System.map-REL`,
 * `lib/modules/REL/…` or `usr/lib/modules/REL/…` (with `!` between a package and its members). Null for other paths.
 */
export function releaseFromPath(path: string): string | null {
  const inner = path.slice(path.lastIndexOf('!') + 1)
  const tree = /(?:^|\/)lib\/modules\/(\d[^/]*)(?:\/|$)/.exec(inner)
  if (tree !== null) return tree[1]!
  const file = /(?:^|\/)(?:config|vmlinuz|vmlinux|[Ii]mage|System\.map)-(\d[^/]*)$/.exec(inner)
  return file === null ? null : file[1]!.replace(/\.(?:efi|gz|xz|zst|bz2|lz4|lzma|lzo)$/, '')
}

/** One place that names a release: a banner, a vermagic, a config file's name. */
export interface ReleaseClaim {
  readonly file: string
  /** What names it (`banner`, `vermagic`, `setup header`, `config`). */
  readonly source: string
  readonly release: string
}

/** The release at the start of a vermagic (`6.1.0-56-amd64 SMP preempt …`). */
export function releaseFromVermagic(vermagic: string): string {
  return vermagic.split(' ', 1)[0]!
}

/**
 * What one package (or directory) contradicts itself in: each claim against the release in its own path, and, where the
 * path tells none, against the package's kernel. One problem for each pair of releases, for the first file that shows
 * it, with the number of the others.
 */
export function releaseContradictions(
  kernelRelease: string | null,
  claims: Iterable<ReleaseClaim>,
): Problem[] {
  const found = new Map<string, { claim: ReleaseClaim; by: string; expected: string; count: number }>()
  for (const claim of claims) {
    const fromPath = releaseFromPath(claim.file)
    const expected = fromPath ?? kernelRelease
    if (expected === null || expected === claim.release) continue
    const key = `${claim.source}\0${claim.release}\0${expected}`
    const known = found.get(key)
    if (known !== undefined) known.count++
    else if (found.size < 100)
      found.set(key, { claim, by: fromPath === null ? 'the kernel' : 'the path', expected, count: 1 })
  }
  return [...found.values()].map(({ claim, by, expected, count }) => {
    const others = count === 1 ? '' : ` (and ${count - 1} more like it)`
    const detail = `${by} says ${expected}, the ${claim.source} ${claim.release}${others}`
    const code = by === 'the path' ? codeOfPath(claim.file) : 'version-contradicts'
    return problem(code, claim.file, claim.source, detail)
  })
}
