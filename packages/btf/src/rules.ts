import { BtfError } from './errors.js'

/** What decides what a kernel does with a module's BTF: its version, and CONFIG_MODULE_ALLOW_BTF_MISMATCH. */
export interface Rules {
  /** An upstream version: `6.1.192`, `5.17-rc5`, or a series such as `6.1`, which stands for its newest stable release. */
  readonly version: string
  /** null where the config is not known: then a refusal counts as the kernel's default has it. */
  readonly allowBtfMismatch: boolean | null
}

/** A version taken apart; `patch` is Infinity for a series without one, `rc` is Infinity for a release. */
export interface KernelVersion {
  readonly major: number
  readonly minor: number
  readonly patch: number
  readonly rc: number
}

const longestRules = 200
const versionForm = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?(?:[-~]rc(\d{1,4}))?(?:[-+~][0-9A-Za-z.+~:_-]*)?$/

function invalid(text: string): BtfError {
  const shown = JSON.stringify(text.slice(0, longestRules))
  return new BtfError(
    'rules-invalid',
    `${shown} are no rules: give a kernel version such as 6.1.192, then, if wanted, ",allow-mismatch" or ",no-allow-mismatch".`,
  )
}

/**
 * Takes a version apart. What follows the numbers (`+deb12`, `-1-default`) does not count, but `-rc` does.
 * @throws BtfError `rules-invalid`
 */
export function parseVersion(text: string): KernelVersion {
  const match = text.length <= longestRules ? versionForm.exec(text) : null
  if (match === null) throw invalid(text)
  const [, major, minor, patch, rc] = match
  return {
    major: Number(major),
    minor: Number(minor),
    patch: patch !== undefined ? Number(patch) : rc !== undefined ? 0 : Number.POSITIVE_INFINITY,
    rc: rc === undefined ? Number.POSITIVE_INFINITY : Number(rc),
  }
}

/**
 * Reads rules as they are given on a command line: `VERSION[,allow-mismatch|,no-allow-mismatch]`.
 * @throws BtfError `rules-invalid`
 */
export function parseRules(text: string): Rules {
  const [versionText = '', option, more] = text.split(',')
  const known = option === undefined || option === 'allow-mismatch' || option === 'no-allow-mismatch'
  if (!known || more !== undefined) throw invalid(text)
  const { major, minor, patch, rc } = parseVersion(versionText)
  let version = `${major}.${minor}`
  if (Number.isFinite(rc)) version += `${patch > 0 ? `.${patch}` : ''}-rc${rc}`
  else if (Number.isFinite(patch)) version += `.${patch}`
  return { version, allowBtfMismatch: option === undefined ? null : option === 'allow-mismatch' }
}

/**
 * Orders two versions: negative, 0 or positive. A series stands after all its releases, an -rc before its release.
 * @throws BtfError `rules-invalid`
 */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a)
  const right = parseVersion(b)
  for (const part of ['major', 'minor', 'patch', 'rc'] as const) {
    if (left[part] !== right[part]) return left[part] < right[part] ? -1 : 1
  }
  return 0
}
