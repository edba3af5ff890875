import type { Reading } from '../binding/own.js'
import { isStructural } from '../binding/shape.js'
import { typeText } from '../c/declaration.js'
import { recordStringReferences, recordTypeReferences } from '../references.js'

/** A type of a module for which something else stands in what was written for another base. */
export interface RebaseFault {
  /** The id in the numbering of the split BTF and its origin base, and the type as C has it. */
  readonly originId: number
  readonly expected: string
  /** What stands for it. */
  readonly rebasedId: number
  readonly actual: string
}

/**
 * Holds a split BTF, read on its origin base, against what was written for another base, read there: from `pairs`, which are
 * ids of both that are to mean the same, every record must agree word by word, its names as names, its references as pairs
 * again; where both are types of the bases, all that they reach must agree. An id has one counterpart, and every own type of
 * what was written is one. The first pair for which that does not hold; null where it holds for all.
 */
export function rebaseFault(
  before: Reading,
  after: Reading,
  pairs: Iterable<readonly [number, number]>,
): RebaseFault | null {
  const counterparts = new Map<number, number>()
  const open: number[] = []
  const covered = new Set<number>()
  const isPair = (from: number, to: number): boolean => {
    const known = counterparts.get(from)
    if (known !== undefined) return known === to
    counterparts.set(from, to)
    if (to >= after.btf.startId) covered.add(to)
    open.push(from)
    return true
  }
  const faultAt = (originId: number, rebasedId: number): RebaseFault => ({
    originId,
    expected: typeText(before.btf, originId),
    rebasedId,
    actual: typeText(after.btf, rebasedId),
  })
  for (const [from, to] of pairs) if (!isPair(from, to)) return faultAt(from, to)
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    const to = counterparts.get(from)!
    if (!agree(before, from, after, to, isPair)) return faultAt(from, to)
  }
  for (let id = after.btf.startId; id <= after.btf.lastId; id++) if (!covered.has(id)) return faultAt(0, id)
  return null
}

/** Whether two types agree, if every two types that they refer to do. */
function agree(
  before: Reading,
  from: number,
  after: Reading,
  to: number,
  isPair: (from: number, to: number) => boolean,
): boolean {
  if (from === 0 || to === 0) return from === to
  if (!before.btf.has(from) || !after.btf.has(to)) return false
  const fromBase = from < before.btf.startId
  const toBase = to < after.btf.startId
  if (fromBase && toBase) return before.base.reach[from] === after.base.reach[to]
  if (toBase) return false
  // Only a type without a name may have become one of the module's own.
  if (fromBase && !isStructural(before.btf.kind(from), before.name(before.btf.nameOff(from)))) return false
  return recordsAgree(before, from, after, to, isPair)
}

function recordsAgree(
  before: Reading,
  from: number,
  after: Reading,
  to: number,
  isPair: (from: number, to: number) => boolean,
): boolean {
  const [split, again] = [before.btf, after.btf]
  const [kind, vlen] = [split.kind(from), split.vlen(from)]
  const sameHead =
    again.kind(to) === kind && again.vlen(to) === vlen && again.kindFlag(to) === split.kindFlag(from)
  const [words, others] = [split.record(from), again.record(to)]
  if (!sameHead || words.length !== others.length) return false
  const referring = new Set([1])
  let same = true
  recordStringReferences(words, 0, kind, vlen, (offset, index) => {
    referring.add(index)
    same &&= before.name(offset) === after.name(others[index]!)
  })
  recordTypeReferences(words, 0, kind, vlen, (target, index) => {
    referring.add(index)
    same &&= isPair(target, others[index]!)
  })
  return same && words.every((word, index) => referring.has(index) || word === others[index])
}
