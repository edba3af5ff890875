/** Pattern of `version-release`. */
export const versionReleasePattern =
  '^[A-Za-z0-9][A-Za-z0-9._+~^:-]{0,127}-[A-Za-z0-9][A-Za-z0-9._+~^:]{0,127}$'

/**
 * Splits `version-release` at its last `-`.
 * @throws RangeError where there is no `-`, or nothing on one side of it
 */
export function splitVersionRelease(vr: string): { version: string; release: string } {
  const at = vr.lastIndexOf('-')
  if (at < 1 || at === vr.length - 1) throw new RangeError(`"${vr}" is not version-release`)
  return { version: vr.slice(0, at), release: vr.slice(at + 1) }
}

/** `version-release` of a build. */
export function joinVersionRelease(build: { version: string; release: string }): string {
  return `${build.version}-${build.release}`
}
