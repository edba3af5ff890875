import { ArtifactError } from './errors.js'
import { byteLimits } from './limits.js'
import type { KernelConfig } from './types.js'

/** A kernel config as read: the version its header names, the distribution's own version string, and what matters here. */
export interface ReadConfig {
  /** Upstream version from `# Linux/x86 6.1.192 Kernel Configuration`, three numbers; null without that line. */
  readonly version: string | null
  /** `CONFIG_VERSION_SIGNATURE` (Ubuntu: `Ubuntu 5.15.0-91.101-generic 5.15.131`); null elsewhere. */
  readonly signature: string | null
  readonly config: KernelConfig
  /** The whole config. */
  readonly text: string
}

/** The header line that `scripts/kconfig/confdata.c` writes from `mainmenu`. Counts are bounded so that no text makes it backtrack. */
const header =
  /^# Linux\/\S{1,32} (\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?(?:[-+.]\S{0,128})? Kernel Configuration/m

/** Ends the menu in which `lib/Kconfig.debug` has the options about BTF: before it, one of them may only be cut off. */
const debugMenuEnd = /^# end of Compile-time checks and compiler options\r?$/m

/**
 * Reads a kernel config (`boot/config-*`, `.config`, or the text of IKCONFIG). An option is false that says so, or that a whole
 * config leaves out: kconfig writes every option that can be chosen. A config that is cut off or was cut down (`savedefconfig`)
 * does not tell what it leaves out: null. Throws `config-malformed` when no line is a config line, `limit-exceeded` above 8 MiB.
 */
export function readConfig(input: string | Uint8Array): ReadConfig {
  if (input.length > byteLimits.configBytes)
    throw new ArtifactError('limit-exceeded', null, `A config of ${input.length} bytes`)
  const text = typeof input === 'string' ? input : new TextDecoder().decode(input)
  if (!/^(?:# )?CONFIG_\w+(?:=| is not set)/m.test(text))
    throw new ArtifactError('config-malformed', null, 'It has no CONFIG_ line')
  const found = header.exec(text)
  const whole = debugMenuEnd.test(text)
  const withoutBtf = isSet(text, 'CONFIG_DEBUG_INFO_BTF') === false
  // The option came with 5.18.
  const tooOld = found !== null && Number(found[1]) * 100 + Number(found[2]) < 518
  return {
    version: found === null ? null : `${found[1]}.${found[2]}.${found[3] ?? '0'}`,
    signature: stringOption(text, 'CONFIG_VERSION_SIGNATURE'),
    config: {
      btfModules: isSet(text, 'CONFIG_DEBUG_INFO_BTF_MODULES') ?? (whole || withoutBtf ? false : null),
      allowBtfMismatch: isSet(text, 'CONFIG_MODULE_ALLOW_BTF_MISMATCH') ?? (whole || tooOld ? false : null),
      modversions: isSet(text, 'CONFIG_MODVERSIONS'),
      forceLoad: isSet(text, 'CONFIG_MODULE_FORCE_LOAD'),
      missingNamespaces: isSet(text, 'CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS'),
      compiler: stringOption(text, 'CONFIG_CC_VERSION_TEXT'),
      pahole: stringOption(text, 'CONFIG_PAHOLE_VERSION'),
    },
    text,
  }
}

/** What of a config is compared with another. */
type Decisive = Pick<ReadConfig, 'version' | 'config'>

/** Whether two configs can be of one kernel: what decides of module BTF is the same, as far as both tell it. */
export function agree(one: Decisive, other: Decisive): boolean {
  const differ = <T>(a: T | null, b: T | null) => a !== null && b !== null && a !== b
  const keys = ['btfModules', 'allowBtfMismatch', 'modversions', 'forceLoad', 'missingNamespaces'] as const
  return (
    !differ(one.version, other.version) && !keys.some((key) => differ(one.config[key], other.config[key]))
  )
}

function rawOption(text: string, name: string): string | null {
  const found = new RegExp(`^${name}=([^\\r\\n]{0,1024})`, 'm').exec(text)
  return found === null ? null : found[1]!
}

/** Whether an option is set; null where the config does not mention it. */
function isSet(text: string, name: string): boolean | null {
  const raw = rawOption(text, name)
  if (raw !== null) return raw === 'y'
  return new RegExp(`^# ${name} is not set\\s*$`, 'm').test(text) ? false : null
}

/** The value of a string or number option, without its quotes and their backslashes. */
function stringOption(text: string, name: string): string | null {
  const raw = rawOption(text, name)
  if (raw === null || raw === '') return null
  return raw.startsWith('"') ? raw.slice(1).replace(/"\s*$/, '').replace(/\\(.)/g, '$1') : raw
}
