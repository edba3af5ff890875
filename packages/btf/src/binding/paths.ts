import type { Btf } from '../btf.js'
import { commonWords, fixedWords, Kind, kindNames, lastKind } from '../kinds.js'
import { recordTypeReferences, stringStep } from '../references.js'

/** Most characters of a name, and most steps from a named type, in a path. */
const longestName = 128
const mostSteps = 8

/** A text that came from outside, cut where it is long. */
export function shortened(text: string): string {
  return text.length <= longestName ? text : `${text.slice(0, longestName)}…`
}

/**
 * Names the references of a split BTF by the ways that lead to them from its named types: `struct veth_priv.dev`, or
 * `struct veth_priv.peers → array` for one in a type without a name. Names are read on the base that it was given on.
 */
export class Paths {
  private readonly split: Btf
  /** By own ordinal: the id of an own type that refers to it, and the word of that record that does; 0 where none does. */
  private holders: { readonly ids: Uint32Array; readonly words: Uint32Array } | null = null

  constructor(split: Btf) {
    this.split = split
  }

  /** The path of the word at `index` in the record of own type `id`; index 0 is its name, so the type itself. */
  of(id: number, index: number): string {
    let path = this.place(id, index)
    let at = id
    const { startId } = this.split
    this.holders ??= holdersOf(this.split)
    for (let steps = 0; this.isNameless(at); steps++) {
      const holder = this.holders.ids[at - startId]!
      if (holder === 0) return `${path} [${at}]`
      if (steps === mostSteps) return `… → ${path}`
      path = `${this.place(holder, this.holders.words[at - startId]!)} → ${path}`
      at = holder
    }
    return path
  }

  private isNameless(id: number): boolean {
    const { split } = this
    const kind = split.kind(id)
    return split.name(id) === '' || kind === Kind.TYPE_TAG || kind === Kind.DECL_TAG
  }

  /** A type and a word of its record: `struct foo.bar`. */
  private place(id: number, index: number): string {
    const { split } = this
    const kind = split.kind(id)
    const name = shortened(split.name(id))
    const type = `${kind > lastKind ? `kind ${kind}` : kindNames[kind]!.toLowerCase()}${name === '' ? '' : ` ${name}`}`
    const field = this.field(id, kind, index)
    return field === '' ? type : `${type}.${field}`
  }

  /** The member, parameter or enumerator that a word belongs to; empty for the words of the type itself. */
  private field(id: number, kind: number, index: number): string {
    if (kind === Kind.FUNC_PROTO && index === 2) return 'return'
    if (kind === Kind.ARRAY && index === 4) return 'index'
    const first = commonWords + (kind > lastKind ? 0 : fixedWords[kind]!)
    const step = kind === Kind.DATASEC ? 3 : stringStep(kind)
    if (index < first || step === 0) return ''
    const entry = Math.floor((index - first) / step)
    if (kind === Kind.DATASEC) return `[${entry}]`
    const name = this.split.stringAt(this.split.word(id, first + entry * step)) ?? ''
    return name === '' ? `[${entry}]` : shortened(name)
  }
}

/** For each own type the first own type that refers to it, named types first. */
function holdersOf(split: Btf): { ids: Uint32Array; words: Uint32Array } {
  const { startId, typeCount } = split
  const ids = new Uint32Array(typeCount)
  const words = new Uint32Array(typeCount)
  for (const named of [true, false]) {
    for (let ordinal = 0; ordinal < typeCount; ordinal++) {
      const id = startId + ordinal
      if ((split.nameOff(id) !== 0) !== named) continue
      recordTypeReferences(
        split.words,
        split.starts[ordinal]!,
        split.kind(id),
        split.vlen(id),
        (target, word) => {
          const own = target - startId
          if (own < 0 || own >= typeCount || own === ordinal || ids[own] !== 0) return
          ids[own] = id
          words[own] = word
        },
      )
    }
  }
  return { ids, words }
}
