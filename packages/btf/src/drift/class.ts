import { Kind } from '../kinds.js'
import { visitTypeReferences } from '../references.js'
import type { Correspondence, Side } from './correspond.js'
import { type DriftParts, relatedToFunctions } from './parts.js'

/** Every class of drift, from none to that which can change the layout of data. */
export const driftClasses = [
  'none',
  'strings-only',
  'reordered',
  'functions-only',
  'additive',
  'layout',
] as const

/**
 * What sort of difference there is between two bases:
 * - `none`: the bytes are equal;
 * - `strings-only`: the records are, with names as texts; the string table, the header or the byte order is not;
 * - `reordered`: both hold the same set of definitions, under other ids or some of them more often;
 * - `functions-only`: nothing but functions came, went or changed their prototypes, with the prototypes, the types without a
 *   name that only those need, and the tags on functions;
 * - `additive`: something else came, and nothing else that has a name went or is defined differently, whatever became of
 *   functions; also where the difference lies only in types without a name that no function needs;
 * - `layout`: a named type that is no function, or a tag on such a type, went or is defined differently.
 */
export type DriftClass = (typeof driftClasses)[number]

/** The class of a drift between two bases that do not hold the same set of definitions. */
export function classOf({ a, b }: Correspondence, parts: DriftParts): DriftClass {
  if (parts.removed.length > 0 || parts.changed.length > 0) return 'layout'
  if (parts.added.length > 0) return 'additive'
  return neededByFunctions(a) && neededByFunctions(b) ? 'functions-only' : 'additive'
}

/** Whether every type without a name that went is a prototype or a tag of functions, or something only found in those. */
function neededByFunctions({ base, namelessGone }: Side): boolean {
  const { btf, definition } = base
  const left = new Set(namelessGone.map((id) => definition[id]!))
  const needed: number[] = []
  const need = (id: number): void => {
    if (id < definition.length && left.delete(definition[id]!)) needed.push(id)
  }
  for (const id of namelessGone) {
    const kind = btf.kind(id)
    if (kind === Kind.FUNC_PROTO || (kind === Kind.DECL_TAG && relatedToFunctions(btf, id))) need(id)
  }
  for (const id of needed) visitTypeReferences(btf, id, need)
  return left.size === 0
}
