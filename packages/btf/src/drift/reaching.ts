import type { ClassedBase } from '../binding/classes.js'
import { isStructural } from '../binding/shape.js'

/** How many named definitions of B, each once, are those of A, but hold by value something that is defined differently. */
export function countReaching(a: ClassedBase, b: ClassedBase): number {
  const definitions = new Set(a.definition)
  const slices = new Set(a.slice)
  const reaching = new Set<number>()
  for (let id = 1; id < b.definition.length; id++) {
    const own = b.definition[id]!
    if (slices.has(b.slice[id]!) || !definitions.has(own)) continue
    if (!isStructural(b.btf.kind(id), b.name(b.btf.nameOff(id)))) reaching.add(own)
  }
  return reaching.size
}
