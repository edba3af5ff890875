import type { Btf } from '../btf.js'
import { commonWords, entryWords, fixedWords, Kind, lastKind, thirdWordIsType } from '../kinds.js'
import { latin1, stringEnd } from '../latin1.js'
import { visitTypeReferences } from '../references.js'
import { cyclic, dangling, Interner, voidClass } from './interner.js'

const namedBits =
  (1 << Kind.INT) |
  (1 << Kind.STRUCT) |
  (1 << Kind.UNION) |
  (1 << Kind.ENUM) |
  (1 << Kind.FWD) |
  (1 << Kind.TYPEDEF) |
  (1 << Kind.FUNC) |
  (1 << Kind.VAR) |
  (1 << Kind.DATASEC) |
  (1 << Kind.FLOAT) |
  (1 << Kind.ENUM64)

/** Whether types of this kind are known by their name, where they have one. */
export function isNameable(kind: number): boolean {
  return kind <= lastKind && ((namedBits >>> kind) & 1) === 1
}

const fresh = 0
const open = 1
const done = 2

/**
 * A BTF as references resolve in it: each type has the number of its *entity*, each string that of its text, and two worlds
 * that share an interner compare by these. Make the worlds of bases first, then those of modules on an interner of their own
 * on top: an interner must not grow below another.
 *
 * Two types are the same entity when kind and name agree (FWD: the flag too); without a name, when their records agree field
 * by field, references by the entity they denote, as libbpf's deduplication has it (btf_dedup, btf_equal_fnproto).
 */
export class World {
  readonly btf: Btf
  private readonly below: World | null
  private readonly interner: Interner
  /** Entity of each own type. */
  private readonly classes: Uint32Array
  /** Number of the text that starts at each own string offset; 0 inside of strings. */
  private readonly texts: Uint32Array

  /** @param below the world of `btf.base`; its interner must be this one, or below this one */
  constructor(btf: Btf, below: World | null, interner: Interner = new Interner()) {
    this.btf = btf
    this.below = below
    this.interner = interner
    this.classes = new Uint32Array(btf.starts.length)
    this.texts = numberStrings(btf.strings, interner)
    this.classify()
  }

  /** The entity of type `id`: `voidClass`, `dangling`, `cyclic`, or a number of the interner. */
  entity(id: number): number {
    if (id >= this.btf.startId) return this.classes[id - this.btf.startId] ?? dangling
    if (id === 0) return voidClass
    return this.below === null ? dangling : this.below.entity(id)
  }

  /** The number of the string at `off`, which may lie inside of another; 0 beyond every table. */
  text(off: number): number {
    let owner: World = this
    while (off < owner.btf.startStr && owner.below !== null) owner = owner.below
    const { startStr, strings } = owner.btf
    const from = off - startStr
    if (!(from >= 0 && from < strings.length)) return 0
    // What only this world asks for goes into its own interner, not into one that others stand on.
    return owner.texts[from]! || this.interner.text(latin1(strings, from, stringEnd(strings, from)))
  }

  /** Depth first with a stack of its own: chains of anonymous types can be as long as the table. */
  private classify(): void {
    const { btf, classes } = this
    const { startId } = btf
    const state = new Uint8Array(classes.length)
    const stack: number[] = []
    const push = (id: number) => {
      if (id >= startId && state[id - startId] === fresh) stack.push(id)
    }
    for (let first = startId; first <= btf.lastId; first++) {
      push(first)
      for (let id = stack.at(-1); id !== undefined; id = stack.at(-1)) {
        const index = id - startId
        const kind = btf.kind(id)
        if (state[index] === fresh && !(isNameable(kind) && btf.nameOff(id) !== 0)) {
          state[index] = open
          visitTypeReferences(btf, id, push)
          continue
        }
        stack.pop()
        if (state[index] === done) continue
        classes[index] = this.classOf(id, kind, state)
        state[index] = done
      }
    }
  }

  private classOf(id: number, kind: number, state: Uint8Array): number {
    const { btf, interner } = this
    const nameOff = btf.nameOff(id)
    if (isNameable(kind) && nameOff !== 0) {
      const flag = kind === Kind.FWD && btf.kindFlag(id) ? 1 : 0
      return interner.byNumber((this.text(nameOff) * 32 + kind) * 4 + flag * 2)
    }
    if (this.reachesItself(id, state)) return cyclic
    if (kind === Kind.PTR || kind === Kind.CONST || kind === Kind.VOLATILE || kind === Kind.RESTRICT) {
      const target = this.entity(btf.sizeOrType(id))
      return target === dangling ? dangling : interner.byNumber((target * 32 + kind) * 4 + 1)
    }
    return this.structure(id, kind)
  }

  private reachesItself(id: number, state: Uint8Array): boolean {
    const { startId } = this.btf
    let found = false
    visitTypeReferences(this.btf, id, (target) => {
      if (this.entity(target) === cyclic || (target >= startId && state[target - startId] === open))
        found = true
    })
    return found
  }

  private structure(id: number, kind: number): number {
    const { btf } = this
    const record = btf.record(id)
    if (kind > lastKind) return this.interner.byStructure(`raw ${record.join()}`)
    const owner = btf.ownerOf(id)!
    const words = Array.from(record)
    words[0] = this.text(record[0]!)
    if (thirdWordIsType(kind)) words[2] = this.entity(record[2]!)
    if (kind === Kind.ARRAY) {
      words[3] = this.entity(record[3]!)
      words[4] = this.entity(record[4]!)
    }
    const step = entryWords[kind]!
    const named = kind !== Kind.DATASEC
    const typed = kind === Kind.STRUCT || kind === Kind.UNION || kind === Kind.FUNC_PROTO
    for (
      let entry = owner.vlen(id), at = commonWords + fixedWords[kind]!;
      step > 0 && entry > 0;
      entry--, at += step
    ) {
      if (named) words[at] = this.text(record[at]!)
      if (typed) words[at + 1] = this.entity(record[at + 1]!)
      else if (!named) words[at] = this.entity(record[at]!)
    }
    return words.includes(dangling) && this.hasDangling(id)
      ? dangling
      : this.interner.byStructure(words.join())
  }

  private hasDangling(id: number): boolean {
    let found = false
    visitTypeReferences(this.btf, id, (target) => {
      if (this.entity(target) === dangling) found = true
    })
    return found
  }
}

function numberStrings(strings: Uint8Array, interner: Interner): Uint32Array {
  const texts = new Uint32Array(strings.length)
  for (let from = 0; from < strings.length; ) {
    const end = stringEnd(strings, from)
    texts[from] = interner.text(latin1(strings, from, end))
    from = end + 1
  }
  return texts
}
