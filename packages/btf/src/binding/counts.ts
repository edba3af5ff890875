import { BtfError } from '../errors.js'
import { Kind, kindNames } from '../kinds.js'
import { recoverOriginLength } from '../origin.js'
import { readBtf } from '../reader.js'
import { recordTypeReferences } from '../references.js'

/** How large a base is: its types without void, the length of its strings in bytes. */
export interface BaseCounts {
  readonly types: number
  readonly strings: number
}

/** What shows that a split BTF was not built on a base of that size. */
export interface CountsContradiction {
  /** What the counts demand, and what the module has. */
  readonly expected: string
  readonly actual: string
}

/**
 * Whether a split BTF can have been built on a base of so many types and such a length of strings, without that base: the
 * length that it betrays (see {@link recoverOriginLength}), no id beyond the types of both, and every own type that a
 * function refers to a prototype. null where nothing contradicts the counts, or it cannot be read.
 */
export function contradictsCounts(
  bytes: Uint8Array,
  { types, strings }: BaseCounts,
): CountsContradiction | null {
  const recovered = recoverOriginLength(bytes)
  if (recovered !== null && recovered !== strings) {
    return {
      expected: `a base with ${strings} bytes of strings`,
      actual: `a base with ${recovered} bytes of strings`,
    }
  }
  let split: ReturnType<typeof readBtf>
  try {
    split = readBtf(bytes)
  } catch (error) {
    if (error instanceof BtfError) return null
    throw error
  }
  const { words, starts, typeCount } = split
  let found: CountsContradiction | null = null
  for (let own = 1; own <= typeCount && found === null; own++) {
    const kind = split.kind(own)
    recordTypeReferences(words, starts[own - 1]!, kind, split.vlen(own), (id) => {
      if (id > types + typeCount) {
        found ??= { expected: `at most id ${types + typeCount}`, actual: `a reference to id ${id}` }
      } else if (kind === Kind.FUNC && id > types && split.kind(id - types) !== Kind.FUNC_PROTO) {
        found ??= {
          expected: `a prototype as type ${id}`,
          actual: kindNames[split.kind(id - types)] ?? 'another kind',
        }
      }
    })
  }
  return found
}
