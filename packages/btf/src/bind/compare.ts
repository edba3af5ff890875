import { commonWords, entryWords, fixedWords, Kind, lastKind, thirdWordIsType } from '../kinds.js'
import { cyclic, dangling } from './interner.js'
import type { World } from './world.js'

/** Decides whether a type id of the one world and a type id of the other denote the same. */
type SameReference = (left: number, right: number) => boolean

/**
 * Compares what ids denote in two worlds that share an interner. Left is by convention what a module was built on, right what
 * it meets.
 */
export class Comparer {
  readonly left: World
  readonly right: World

  constructor(left: World, right: World) {
    this.left = left
    this.right = right
  }

  /** Whether two string offsets denote the same text. */
  sameText(left: number, right: number): boolean {
    const text = this.left.text(left)
    return text !== 0 && text === this.right.text(right)
  }

  /** Whether two type ids denote the same entity (see {@link World}); an id beyond every table never does. */
  sameEntity(left: number, right: number): boolean {
    const entity = this.left.entity(left)
    if (entity !== this.right.entity(right) || entity === dangling) return false
    return entity !== cyclic || this.sameCycle(left, right)
  }

  /** Whether two types are the same definition: their records agree field by field, references by the entity they denote. */
  sameDefinition(left: number, right: number): boolean {
    return (
      this.sameEntity(left, right) && this.sameRecord(left, right, (from, to) => this.sameEntity(from, to))
    )
  }

  /** Anonymous types on a cycle are the same unless a difference can be reached: pairs under comparison count as the same. */
  private sameCycle(left: number, right: number): boolean {
    const seen = new Set<string>()
    const pairs: [number, number][] = [[left, right]]
    const later: SameReference = (from, to) => {
      const entity = this.left.entity(from)
      if (entity !== this.right.entity(to) || entity === dangling) return false
      if (entity === cyclic && !seen.has(`${from} ${to}`)) {
        seen.add(`${from} ${to}`)
        pairs.push([from, to])
      }
      return true
    }
    for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop())
      if (!this.sameRecord(pair[0], pair[1], later)) return false
    return true
  }

  private sameRecord(left: number, right: number, same: SameReference): boolean {
    const one = this.left.btf.record(left)
    const other = this.right.btf.record(right)
    if (one.length !== other.length || one[1] !== other[1]) return false
    if (one.length === 0) return true
    const kind = this.left.btf.kind(left)
    if (kind !== this.right.btf.kind(right)) return false
    if (kind > lastKind) return one.every((word, at) => word === other[at])
    if (!this.sameText(one[0]!, other[0]!)) return false
    if (thirdWordIsType(kind) ? !same(one[2]!, other[2]!) : one[2] !== other[2]) return false
    let at = commonWords
    for (const end = at + fixedWords[kind]!; at < end; at++) {
      const isType = kind === Kind.ARRAY && at < commonWords + 2
      if (isType ? !same(one[at]!, other[at]!) : one[at] !== other[at]) return false
    }
    const step = entryWords[kind]!
    for (; step > 0 && at < one.length; at += step)
      for (let field = 0; field < step; field++)
        if (!this.sameField(kind, field, one[at + field]!, other[at + field]!, same)) return false
    return true
  }

  private sameField(kind: number, field: number, one: number, other: number, same: SameReference): boolean {
    if (kind === Kind.DATASEC) return field === 0 ? same(one, other) : one === other
    if (field === 0) return this.sameText(one, other)
    const isType = field === 1 && (kind === Kind.STRUCT || kind === Kind.UNION || kind === Kind.FUNC_PROTO)
    return isType ? same(one, other) : one === other
  }
}
