import type { Btf } from '../btf.js'
import { typeText } from '../c/declaration.js'
import type { Relocation } from '../kernel/relocate.js'
import { Kind } from '../kinds.js'
import {
  type BindOptions,
  type Bound,
  type ChangedType,
  defaultFindings,
  eachReference,
  type Misbound,
} from './bind.js'
import type { ClassedBase } from './classes.js'
import type { Counterparts } from './counterparts.js'
import { Paths } from './paths.js'

/** What the running base has in the place of a type of the distilled base. */
type Outcome = 'same' | 'changed' | 'misbound'

/**
 * What the references of a module bind to after a kernel has relocated it from its distilled base (`split.base`). The kernel
 * maps by name, and compares little else: a struct may have become a union or a number, and one behind a pointer may have
 * any layout. A distilled base holds sizes; where the whole origin base is at hand, definitions are compared all the way,
 * with every type of the origin base that the distilled one can stand for.
 */
export function bindRelocated(
  split: Btf,
  relocation: Relocation,
  running: ClassedBase,
  origin: Counterparts | null,
  { maxFindings = defaultFindings }: BindOptions = {},
): Bound {
  const distilled = split.base!
  const outcomes = new Map<number, Outcome>()
  const paths = new Paths(split)
  const misbound: Misbound[] = []
  const changed: ChangedType[] = []
  let misboundTotal = 0
  let changedTotal = 0
  eachReference(split, (id, index, target) => {
    if (target === 0 || target > distilled.lastId) return
    const runningId = relocation.ids[target]!
    const known = outcomes.get(target)
    const outcome = known ?? outcomeOf(distilled, target, running, runningId, origin)
    outcomes.set(target, outcome)
    if (outcome === 'misbound' && misboundTotal++ < maxFindings) {
      const [expected, actual] = [typeText(distilled, target), typeText(running.btf, runningId)]
      misbound.push({ from: paths.of(id, index), typeId: target, expected, actual })
    }
    if (outcome === 'changed' && known === undefined && changedTotal++ < maxFindings) {
      const type = typeText(distilled, target)
      changed.push({ type, from: paths.of(id, index), originId: target, runningId })
    }
  })
  if (misboundTotal > 0) return { misboundTotal, misbound, changedTotal: 0, changed: [] }
  return { misboundTotal, misbound, changedTotal, changed }
}

function outcomeOf(
  distilled: Btf,
  id: number,
  running: ClassedBase,
  runningId: number,
  origin: Counterparts | null,
): Outcome {
  const { btf } = running
  const kind = distilled.kind(id)
  const met = btf.kind(runningId)
  const size = distilled.sizeOrType(id)
  switch (kind) {
    case Kind.FWD:
      // What was only declared in the origin may be defined here; the kernel does not ask whether as the struct or union it is.
      if (met === Kind.FWD) return 'same'
      return (met === Kind.UNION) === distilled.kindFlag(id) ? 'same' : 'misbound'
    case Kind.ENUM:
      break
    case Kind.INT:
      if (distilled.word(id, 3) !== btf.word(runningId, 3)) return 'changed'
      break
    case Kind.STRUCT:
    case Kind.UNION:
      if (met === Kind.FWD && btf.kindFlag(runningId) === (kind === Kind.UNION)) return 'changed'
      if (met !== kind) return 'misbound'
      if (size !== btf.sizeOrType(runningId)) return 'changed'
  }
  if (origin === null) return 'same'
  return origin.agree(distilled, id, running.slice[runningId]!) ? 'same' : 'changed'
}
