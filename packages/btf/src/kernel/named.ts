import { Kind } from '../kinds.js'
import { latin1 } from '../latin1.js'
import type { BaseTables } from './blob.js'

/** The named types of a base that a distilled base can be mapped to, by name. */
export interface NamedTypes {
  /** Ids, ascending, of the INT, FLOAT, ENUM, ENUM64, FWD, STRUCT and UNION types with a name. */
  readonly byName: ReadonlyMap<string, readonly number[]>
  /** For each string offset the number of STRUCT and UNION types that have their name there, at most 255. */
  readonly composites: Uint8Array
}

const mappedKinds: readonly number[] = [
  Kind.INT,
  Kind.FLOAT,
  Kind.ENUM,
  Kind.ENUM64,
  Kind.FWD,
  Kind.STRUCT,
  Kind.UNION,
]

/** Indexes the types of a base by name, as btf_relocate looks them up. */
export function namedTypes(base: BaseTables, kindMask: number): NamedTypes {
  const { words, starts, strings } = base
  const idsByOffset = new Map<number, number[]>()
  const composites = new Uint8Array(strings.length)
  for (let index = 0; index < starts.length; index++) {
    const at = starts[index]!
    const nameOff = words[at]!
    const kind = (words[at + 1]! >>> 24) & kindMask
    if (nameOff === 0 || !mappedKinds.includes(kind)) continue
    if ((kind === Kind.STRUCT || kind === Kind.UNION) && composites[nameOff]! < 255) composites[nameOff]!++
    const ids = idsByOffset.get(nameOff)
    if (ids === undefined) idsByOffset.set(nameOff, [index + 1])
    else ids.push(index + 1)
  }
  const byName = new Map<string, number[]>()
  for (const [offset, ids] of idsByOffset) {
    const name = nameKey(strings, offset)
    const others = byName.get(name)
    if (others === undefined) byName.set(name, ids)
    // Two offsets can hold the same name: a string may start within another.
    else
      byName.set(
        name,
        [...others, ...ids].sort((a, b) => a - b),
      )
  }
  return { byName, composites }
}

/** One more than the longest identifier that a kernel takes. */
const comparedBytes = 513

/**
 * What names are compared by: the name, of which only the start counts where it is longer than identifiers are. (Names of
 * INT and FLOAT have no limit; a blob may have millions that overlap.)
 */
export function nameKey(strings: Uint8Array, offset: number): string {
  const start = strings.subarray(offset, offset + comparedBytes)
  const end = start.indexOf(0)
  return latin1(start, 0, end < 0 ? start.length : end)
}
