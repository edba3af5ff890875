import type { KernelConfig } from '@basedrift/artifacts'
import type { Drift } from '@basedrift/btf'
import type { ConfigDifferences } from './config.js'

/** Every code of a hint, with what it points to. */
export const hintCodes = {
  'compiler-differs': 'The kernels were built by different compilers.',
  'pahole-differs': 'Their BTF was made by different versions of pahole.',
  'config-differs': 'They were built with different configs.',
  'order-only': 'Nothing but the order of the types differs.',
  'order-differs': 'Types that both have stand in another order.',
  'duplicates-only': 'Nothing but repetitions of types and their order differ.',
  'function-set': 'Nothing but the set of functions differs.',
} as const

export type HintCode = keyof typeof hintCodes

/** What may have caused a drift. */
export interface Hint {
  readonly code: HintCode
  /** A sentence with what was found. */
  readonly message: string
}

/** What is known of how a kernel was built. */
interface Built {
  readonly config: KernelConfig | null
}

/** Options that only record the versions of tools, of which hints of their own tell. */
const toolOptions = /^CONFIG_(?:CC_VERSION_TEXT|GCC_VERSION|CLANG_VERSION|PAHOLE_VERSION)$/

/** Characters of a version that are repeated. */
const longestVersion = 120

/** What points to the cause of a drift, the tools first: they explain all the rest. Empty where nothing differs. */
export function hintsOf(drift: Drift, a: Built, b: Built, config: ConfigDifferences | null): Hint[] {
  if (drift.class === 'none') return []
  const hints: Hint[] = []
  const hint = (code: HintCode, message: string): number => hints.push({ code, message })
  const compilers = differing(a.config?.compiler, b.config?.compiler)
  if (compilers !== null)
    hint('compiler-differs', `The compiler of A is ${compilers[0]}, that of B ${compilers[1]}.`)
  const paholes = differing(a.config?.pahole, b.config?.pahole)
  if (paholes !== null) {
    hint(
      'pahole-differs',
      `The BTF of A was made by pahole ${paholes[0]}, that of B by pahole ${paholes[1]}.`,
    )
  }
  const options = config?.listed.filter(({ option }) => !toolOptions.test(option)) ?? []
  if (config !== null && options.length > 0) {
    const names = options.slice(0, 3).map(({ option }) => option)
    const more = config.total - (config.listed.length - options.length) - names.length
    hint('config-differs', `The configs differ in ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`)
  }
  if (drift.orderOnly) {
    hint(
      'order-only',
      'Only the order of the types differs: pahole encoded in parallel (-j) without reproducible_build, and took the compilation units as its threads came to them.',
    )
  }
  if (drift.duplicatesOnly) {
    hint(
      'duplicates-only',
      'Only repetitions of types and their order differ: pahole encoded in parallel (-j) without reproducible_build, and its deduplication met the types in another order.',
    )
  }
  const told = drift.orderOnly || drift.duplicatesOnly
  if (!told && !drift.shifts.inOrder) {
    hint(
      'order-differs',
      'The types that both have stand in another order, as they do when pahole encodes in parallel (-j) without reproducible_build, or when other units of the source come first.',
    )
  }
  if (drift.class === 'functions-only') {
    hint(
      'function-set',
      'Only the set of functions differs: the compiler decided otherwise which functions to inline, clone or specialise, or functions came and went in the source.',
    )
  }
  return hints
}

/** Two values that are known and not the same. */
function differing(a: string | null | undefined, b: string | null | undefined): [string, string] | null {
  if (a == null || b == null || a === b) return null
  return [a.slice(0, longestVersion), b.slice(0, longestVersion)]
}
