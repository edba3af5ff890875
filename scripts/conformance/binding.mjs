import { readBtf, visitStringReferences, visitTypeReferences } from '@basedrift/btf'

/**
 * Whether no reference of a split BTF plainly denotes something else on another base than on the one it was built on: other
 * text behind a string offset, another kind or name behind a type id. Slow, obvious, and apart from the engine's own way.
 */
export function bindsTheSame(btf, originBase, runningBase) {
  const built = readBtf(btf, originBase.btf)
  const met = readBtf(btf, runningBase.btf)
  let same = true
  for (let own = 0; own < built.typeCount; own++) {
    const id = built.startId + own
    visitStringReferences(built, id, (offset) => {
      if (built.stringAt(offset) !== met.stringAt(offset)) same = false
    })
    visitTypeReferences(built, id, (type) => {
      const differs = built.kind(type) !== met.kind(type) || built.name(type) !== met.name(type)
      if (built.has(type) !== met.has(type) || differs) same = false
    })
    if (!same) return false
  }
  return same
}
