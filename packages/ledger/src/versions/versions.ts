import { splitVersionRelease } from '@basedrift/contract'
import type { VersionScheme } from '../rows.js'
import { compareDpkgPart, dpkgPartKey } from './dpkg.js'
import { compareDigits, digitsKey } from './numbers.js'
import { compareRpmPart, rpmPartKey } from './rpm.js'

/** Most characters of `version-release`. A key has at most four bytes for each, and a few more. */
export const mostVersionChars = 257

const parts = {
  rpm: { compare: compareRpmPart, key: rpmPartKey },
  dpkg: { compare: compareDpkgPart, key: dpkgPartKey },
}

interface Parts {
  /** Digits; empty where there is none, which is epoch 0. */
  epoch: string
  version: string
  release: string
}

function partsOf(vr: string): Parts {
  if (vr.length > mostVersionChars)
    throw new RangeError(`A version has at most ${mostVersionChars} characters`)
  const { version, release } = splitVersionRelease(vr)
  const [, epoch = '', rest = version] = /^(\d+):(.*)$/s.exec(version) ?? []
  return { epoch, version: rest, release }
}

/**
 * Orders two `version-release` as that package manager does: by epoch (`EPOCH:version`, 0 without one), version, and release.
 * Negative where `a` is older, positive where it is newer; 0 where neither is, though they may be written differently.
 * @throws RangeError for what is no `version-release`, or longer than `mostVersionChars`
 */
export function compareVersions(scheme: VersionScheme, a: string, b: string): number {
  const [one, two] = [partsOf(a), partsOf(b)]
  const { compare } = parts[scheme]
  return (
    compareDigits(one.epoch, two.epoch) ||
    compare(one.version, two.version) ||
    compare(one.release, two.release)
  )
}

/**
 * A key whose order, byte by byte, is that of `compareVersions`: a database sorts by it.
 * @throws RangeError as `compareVersions`
 */
export function versionKey(scheme: VersionScheme, vr: string): Buffer {
  const { epoch, version, release } = partsOf(vr)
  const { key } = parts[scheme]
  return Buffer.from([...digitsKey(epoch), ...key(version), ...key(release)])
}

/** The package manager whose package a file is by its ending; null where it is none. */
export function schemeOfFile(filename: string): VersionScheme | null {
  if (/\.rpm$/i.test(filename)) return 'rpm'
  return /\.u?deb$/i.test(filename) ? 'dpkg' : null
}
