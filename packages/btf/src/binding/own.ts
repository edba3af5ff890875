import type { Btf } from '../btf.js'
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

/** A split BTF as it reads on one base: entities and definitions of all ids, its own among them, found when one is asked for. */
export class Reading {
  readonly btf: Btf
  readonly base: ClassedBase
  private readonly own: OwnClasses
  private readonly names: NamesOf
  /** By own ordinal; null until one is asked for. */
  private found: Uint32Array | null = null
  private readonly key = new Key()

  constructor(split: Btf, base: ClassedBase, own: OwnClasses) {
    this.btf = split
    this.base = base
    this.own = own
    this.names = new NamesOf(split, own.names)
  }

  /** The number of the name at a string offset. */
  name(offset: number): number {
    const { base, btf, own, names } = this
    return offset < btf.startStr ? base.name(offset, own.names) : names.at(offset)
  }

  /** The class of the entity that an id denotes. */
  entity(id: number): number {
    const { startId } = this.btf
    if (id < startId) return this.base.entity[id]!
    if (id > this.btf.lastId) return this.own.nothing
    this.found ??= this.findAll()
    return this.found[id - startId]!
  }

  /** The class of the definition that an id denotes. */
  definition(id: number): number {
    const { btf, key } = this
    if (id < btf.startId) return this.base.definition[id]!
    if (id > btf.lastId || isStructural(btf.kind(id), this.name(btf.nameOff(id)))) return this.entity(id)
    // Found before the key is put together, since finding takes a key too.
    this.found ??= this.findAll()
    const name = (offset: number) => this.name(offset)
    return this.own.interner.intern(definitionKey(key, btf, id, name, (target) => this.entity(target)))
  }

  /** All at once: types on cycles are found together. */
  private findAll(): Uint32Array {
    const { btf, own, key, base } = this
    const { startId } = btf
    const found = new Uint32Array(btf.typeCount)
    const structural: number[] = []
    for (let id = startId; id <= btf.lastId; id++) {
      const kind = btf.kind(id)
      const name = this.name(btf.nameOff(id))
      if (isStructural(kind, name)) structural.push(id)
      else found[id - startId] = own.interner.intern(namedKey(key, kind, name, btf.kindFlag(id)))
    }
    const name = (offset: number) => this.name(offset)
    own.entities.classify(structural, {
      describe: (id, into, reference) => pushEntity(btf, id, into, { name, reference }),
      classOf: (id) => {
        if (id === 0) return voidClass
        if (id < startId) return base.entity[id]!
        return id > btf.lastId ? own.nothing : found[id - startId]!
      },
      settle: (id, number) => {
        found[id - startId] = number
      },
    })
    return found
  }
}
