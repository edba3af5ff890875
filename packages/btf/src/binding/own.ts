import type { Btf } from '../btf.js'
import { visitTypeReferences } from '../references.js'
import {
  type ClassedBase,
  definitionKey,
  namedKey,
  pushEntity,
  type TypeClasses,
  voidClass,
} from './classes.js'
import { Classifier } from './classify.js'
import { Interner, Key } from './interner.js'
import { NamesOf, NameTable } from './names.js'
import { isStructural } from './shape.js'

/** What the own types of one module after the other are numbered by; both readings of a module share it. */
export class OwnClasses {
  readonly names: NameTable
  readonly interner: Interner
  readonly entities: Classifier
  readonly nothing: number

  constructor(classes: TypeClasses) {
    this.names = new NameTable(classes.names)
    this.interner = new Interner(classes.interner)
    this.entities = new Classifier(this.interner, classes.entities)
    this.nothing = classes.nothing(new Key())
  }

  /** Forgets the last module. */
  clear(): void {
    this.names.clear()
    this.interner.clear()
    this.entities.clear()
  }
}

/** A split BTF as it reads on one base: entities and definitions of all ids, its own among them, found as they are asked for. */
export class Reading {
  readonly btf: Btf
  readonly base: ClassedBase
  private readonly own: OwnClasses
  private readonly names: NamesOf
  /** By own ordinal; 0 where it was not asked for yet. */
  private readonly found: Uint32Array
  private readonly key = new Key()

  constructor(split: Btf, base: ClassedBase, own: OwnClasses) {
    this.btf = split
    this.base = base
    this.own = own
    this.names = new NamesOf(split, own.names)
    this.found = new Uint32Array(split.typeCount)
  }

  /** The number of the name at a string offset. */
  name(offset: number): number {
    return offset < this.btf.startStr ? this.base.name(offset) : this.names.at(offset)
  }

  /** The class of the entity that an id denotes. */
  entity(id: number): number {
    const { startId } = this.btf
    if (id < startId) return this.base.entity[id]!
    if (id > this.btf.lastId) return this.own.nothing
    if (this.found[id - startId] === 0) this.find(id)
    return this.found[id - startId]!
  }

  /** The class of the definition that an id denotes. */
  definition(id: number): number {
    const { btf, key } = this
    if (id < btf.startId) return this.base.definition[id]!
    if (id > btf.lastId || isStructural(btf.kind(id), this.name(btf.nameOff(id)))) return this.entity(id)
    // Before the key is put together: finding one takes a key too.
    visitTypeReferences(btf, id, (target) => this.entity(target))
    const name = (offset: number) => this.name(offset)
    return this.own.interner.intern(definitionKey(key, btf, id, name, (target) => this.entity(target)))
  }

  private find(id: number): void {
    const { btf, own, found, key, base } = this
    const { startId } = btf
    const kind = btf.kind(id)
    const named = this.name(btf.nameOff(id))
    if (!isStructural(kind, named)) {
      found[id - startId] = own.interner.intern(namedKey(key, kind, named, btf.kindFlag(id)))
      return
    }
    const name = (offset: number) => this.name(offset)
    const classOf = (target: number): number => {
      if (target === 0) return voidClass
      if (target < startId) return base.entity[target]!
      if (target > btf.lastId) return own.nothing
      const known = found[target - startId]!
      if (known !== 0 || isStructural(btf.kind(target), this.name(btf.nameOff(target)))) return known
      this.find(target)
      return found[target - startId]!
    }
    own.entities.classify([id], {
      describe: (node, into, reference) => pushEntity(btf, node, into, { name, reference }),
      classOf,
      settle: (node, number) => {
        found[node - startId] = number
      },
    })
  }
}
