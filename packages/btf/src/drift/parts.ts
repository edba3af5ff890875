import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import type { Correspondence, Side } from './correspond.js'

/** What differs, sorted into what is told apart. */
export interface DriftParts {
  readonly added: readonly number[]
  readonly removed: readonly number[]
  readonly changed: readonly (readonly [a: number, b: number])[]
  readonly functionsAdded: readonly number[]
  readonly functionsRemoved: readonly number[]
  readonly functionsChanged: readonly (readonly [a: number, b: number])[]
  readonly namelessAdded: number
  readonly namelessRemoved: number
}

/** Sorts what two bases do not have in common. */
export function partsOf({ a, b, changed }: Correspondence): DriftParts {
  const isFunction = (side: Side, id: number): boolean => side.base.btf.kind(id) === Kind.FUNC
  const ofOwnName = (side: Side): number[] =>
    side.lone
      .filter((id) => !isFunction(side, id))
      .concat(side.namelessGone.filter((id) => isOtherTag(side, id)))
  const nameless = (side: Side): number => side.namelessGone.filter((id) => !isOtherTag(side, id)).length
  return {
    added: ofOwnName(b),
    removed: ofOwnName(a),
    changed: changed.filter(([id]) => !isFunction(a, id)),
    functionsAdded: b.lone.filter((id) => isFunction(b, id)),
    functionsRemoved: a.lone.filter((id) => isFunction(a, id)),
    functionsChanged: changed.filter(([id]) => isFunction(a, id)),
    namelessAdded: nameless(b),
    namelessRemoved: nameless(a),
  }
}

/** Whether a type is a tag of a declaration that is no function's. */
function isOtherTag({ base: { btf } }: Side, id: number): boolean {
  return btf.kind(id) === Kind.DECL_TAG && !relatedToFunctions(btf, id)
}

/** Whether a type is a tag on a function or on one of its parameters. */
export function relatedToFunctions(btf: Btf, tag: number): boolean {
  return btf.kind(btf.sizeOrType(tag)) === Kind.FUNC
}
