import type { Btf } from '../btf.js'
import { commonWords, Kind } from '../kinds.js'
import { visitTypeReferences } from '../references.js'
import type { ClassedBase } from './classes.js'
import { isStructural, visitHeld } from './shape.js'

/** A type of the origin base, and what the running base has in its place, defined differently. */
export interface ChangedPair {
  readonly originId: number
  readonly runningId: number
  /** The reference of the module that was followed. */
  readonly reference: number
}

/** Members and references followed for one module, at most; only bases made for it have more behind types that differ. */
const mostSteps = 1_000_000

/**
 * The types that references reach and that are defined differently in the running base: through types without a name
 * whatever they refer to, from named types on through what is held by value. Below a struct or union that is itself defined
 * differently, a member counts as the first one of its name and entity. Each type of the origin base once, in the order in
 * which they are met; those that were met before the search was given up where it takes too long.
 */
export function changesBehind(
  references: readonly number[],
  origin: ClassedBase,
  running: ClassedBase,
): ChangedPair[] {
  const starts = references.map((id) => ({ originId: id, runningId: id, reference: id }))
  return changesBetween(starts, origin, running)
}

/** As {@link changesBehind}, from types of the two bases that have other ids. */
export function changesBetween(
  starts: readonly ChangedPair[],
  origin: ClassedBase,
  running: ClassedBase,
): ChangedPair[] {
  const search = new Search(origin, running)
  for (const start of starts) search.follow(start)
  // Where the search was given up it is not known which type it is; that there is one is.
  if (search.changed.size === 0 && search.gaveUp) return starts.slice(0, 1)
  return [...search.changed.values()]
}

/** A type of the origin base and one of the running base that do not agree in what they reach, or hold. */
interface Open {
  readonly from: number
  readonly to: number
  readonly byValue: boolean
}

class Search {
  /** By id of the origin base. */
  readonly changed = new Map<number, ChangedPair>()
  private readonly origin: ClassedBase
  private readonly running: ClassedBase
  private readonly seen = new Set<number>()
  private steps = 0

  constructor(origin: ClassedBase, running: ClassedBase) {
    this.origin = origin
    this.running = running
  }

  get gaveUp(): boolean {
    return this.steps > mostSteps
  }

  follow({ originId, runningId, reference }: ChangedPair): void {
    const { origin, running, changed } = this
    const open: Open[] = []
    this.meet(originId, runningId, false, open)
    for (const { from, to, byValue } of open) {
      this.steps += 1 + origin.btf.vlen(from) + running.btf.vlen(to)
      const nameless = isStructural(origin.btf.kind(from), origin.name(origin.btf.nameOff(from)))
      const differs = !nameless && origin.definition[from] !== running.definition[to]
      if (differs && !changed.has(from)) changed.set(from, { originId: from, runningId: to, reference })
      if (this.gaveUp) return
      if (differs) {
        for (const [target, other] of membersAlike(origin, from, running, to))
          this.meet(target, other, true, open)
        continue
      }
      const targetsOf = nameless && !byValue ? referencesOf : heldBy
      const targets = targetsOf(running.btf, to)
      for (const [nth, target] of targetsOf(origin.btf, from).entries()) {
        const other = targets[nth]
        if (other !== undefined) this.meet(target, other, byValue || !nameless, open)
      }
    }
  }

  /** Puts two types in line, once, if they do not agree. */
  private meet(from: number, to: number, byValue: boolean, open: Open[]): void {
    const { origin, running, seen } = this
    const agree = byValue
      ? origin.slice[from] === running.slice[to]
      : origin.reach[from] === running.reach[to]
    if (agree) return
    const key = (from * 2 + (byValue ? 1 : 0)) * 2 ** 26 + to
    if (seen.has(key)) return
    seen.add(key)
    open.push({ from, to, byValue })
  }
}

/** Types of members of two structs or unions, by name and entity. */
function* membersAlike(
  origin: ClassedBase,
  from: number,
  running: ClassedBase,
  to: number,
): Generator<[number, number]> {
  const kind = origin.btf.kind(from)
  if (kind !== running.btf.kind(to) || (kind !== Kind.STRUCT && kind !== Kind.UNION)) return
  const others = new Map<number, Map<number, number>>()
  for (const { name, entity, type } of membersOf(running, to)) {
    const named = others.get(name)
    if (named === undefined) others.set(name, new Map([[entity, type]]))
    else if (!named.has(entity)) named.set(entity, type)
  }
  for (const { name, entity, type } of membersOf(origin, from)) {
    const other = others.get(name)?.get(entity)
    if (other !== undefined) yield [type, other]
  }
}

/** Stands for the entity of an id beyond every type. */
const noEntity = -1

function* membersOf(
  base: ClassedBase,
  id: number,
): Generator<{ name: number; entity: number; type: number }> {
  const words = base.btf.record(id)
  const end = commonWords + base.btf.vlen(id) * 3
  for (let at = commonWords; at < end; at += 3) {
    const type = words[at + 1]!
    yield { name: base.name(words[at]!), entity: base.entity[type] ?? noEntity, type }
  }
}

function referencesOf(btf: Btf, id: number): number[] {
  const targets: number[] = []
  visitTypeReferences(btf, id, (target) => targets.push(target))
  return targets
}

function heldBy(btf: Btf, id: number): number[] {
  const targets: number[] = []
  visitHeld(btf, id, (target) => targets.push(target))
  return targets
}
