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
  const proof = new Proof(before, after)
  const found = proof.run(pairs)
  if (found === null) return null
  const [originId, rebasedId] = found
  const [expected, actual] = [typeText(before.btf, originId), typeText(after.btf, rebasedId)]
  return { originId, expected, rebasedId, actual }
}

class Proof {
  private readonly before: Reading
  private readonly after: Reading
  private readonly counterparts = new Map<number, number>()
  private readonly covered = new Set<number>()
  private readonly open: number[] = []

  constructor(before: Reading, after: Reading) {
    this.before = before
    this.after = after
  }

  /** The first two ids that do not mean the same; 0 on the left where the right stands for nothing. */
  run(pairs: Iterable<readonly [number, number]>): readonly [number, number] | null {
    const { after, counterparts, covered, open } = this
    for (const pair of pairs) if (!this.isPair(...pair)) return pair
    for (let from = open.pop(); from !== undefined; from = open.pop()) {
      const to = counterparts.get(from)!
      if (!this.agree(from, to)) return [from, to]
    }
    for (let id = after.btf.startId; id <= after.btf.lastId; id++) if (!covered.has(id)) return [0, id]
    return null
  }

  /** Whether `to` is the one counterpart of `from`, as far as it is known; both are then looked at. */
  private isPair(from: number, to: number): boolean {
    const known = this.counterparts.get(from)
    if (known !== undefined) return known === to
    this.counterparts.set(from, to)
    if (to >= this.after.btf.startId) this.covered.add(to)
    this.open.push(from)
    return true
  }

  /** Whether two types agree, if every two types that they refer to do. */
  private agree(from: number, to: number): boolean {
    const { before, after } = this
    if (from === 0 || to === 0) return from === to
    if (!before.btf.has(from) || !after.btf.has(to)) return false
    const fromBase = from < before.btf.startId
    const toBase = to < after.btf.startId
    if (fromBase && toBase) return before.base.reach[from] === after.base.reach[to]
    if (toBase) return false
    // Only a type without a name may have become one of the module's own.
    if (fromBase && !isStructural(before.btf.kind(from), before.name(before.btf.nameOff(from)))) return false
    return this.recordsAgree(from, to)
  }

  private recordsAgree(from: number, to: number): boolean {
    const { before, after } = this
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
      same &&= this.isPair(target, others[index]!)
    })
    return same && words.every((word, index) => referring.has(index) || word === others[index])
  }
}
