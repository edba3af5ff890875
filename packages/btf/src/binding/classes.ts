import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import { visitTypeReferences } from '../references.js'
import { Classifier, type Graph } from './classify.js'
import { Interner, Key } from './interner.js'
import { NamesOf, NameTable } from './names.js'
import { isStructural, pushRecord, visitHeld } from './shape.js'

/** First words of keys, so that keys of different purposes never meet. */
const mark = {
  entity: 0x10000,
  definition: 0x20000,
  slice: 0x30000,
  reach: 0x40000,
  nothing: 0x50000,
} as const

/**
 * Classes of the types of a base, in a numbering that it shares with the other bases of its {@link TypeClasses}. All arrays
 * are by id; void, 0, has class 0. An array is made when it is first asked for.
 */
export interface ClassedBase {
  readonly btf: Btf
  /**
   * The same number exactly for the same entity: named types by kind and name (FWD by its flag too), the others by
   * structure, following references through types that have no name, and stopping at those that have one.
   */
  readonly entity: Uint32Array
  /** The same number exactly for the same definition: the own record agrees, every reference by its entity. */
  readonly definition: Uint32Array
  /** The same number exactly where the definition and, all the way down, everything held by value agree. */
  readonly slice: Uint32Array
  /**
   * The same number exactly where all that a reference to the type reaches agrees: `slice` for a named type; a type without
   * a name is followed whatever it refers to, also behind pointers, up to named ones.
   */
  readonly reach: Uint32Array
  /** The number of the name at a string offset of this base; `above` as {@link NamesOf.at} has it. */
  name(offset: number, above?: NameTable): number
}

/** Classes of types over several bases in one numbering: equal numbers mean the same. Bases are added one after the other. */
export class TypeClasses {
  readonly names = new NameTable()
  readonly interner = new Interner()
  readonly entities = new Classifier(this.interner)
  private readonly slices = new Classifier(this.interner)
  private readonly reaches = new Classifier(this.interner)
  private readonly bases = new Map<Btf, ClassedBase>()

  /**
   * The classes of a base. The same object gets the same classes again.
   * @throws BtfError `btf-names` now or when an array is asked for
   */
  add(btf: Btf): ClassedBase {
    const known = this.bases.get(btf)
    if (known !== undefined) return known
    const base = new Base(btf, this)
    this.bases.set(btf, base)
    return base
  }

  /** The class of an id beyond every table: it denotes nothing. */
  nothing(key: Key): number {
    key.clear()
    key.push(mark.nothing)
    return this.interner.intern(key)
  }

  /** Slices of the types of a base, as {@link ClassedBase.slice} has them. */
  slicesOf({ btf, definition }: ClassedBase): Uint32Array {
    return this.classesOf(btf, this.slices, (id, key, reference) => {
      key.push(mark.slice)
      key.push(definition[id]!)
      visitHeld(btf, id, reference)
    })
  }

  /** What references reach, as {@link ClassedBase.reach} has it. */
  reachesOf(base: ClassedBase): Uint32Array {
    const { btf, entity } = base
    const reach = new Uint32Array(base.slice)
    const structural: number[] = []
    for (let id = 1; id <= btf.lastId; id++) {
      if (!isStructural(btf.kind(id), base.name(btf.nameOff(id)))) continue
      structural.push(id)
      reach[id] = 0
    }
    const nothing = this.nothing(new Key())
    this.reaches.classify(structural, {
      describe: (id, key, reference) => {
        key.push(mark.reach)
        key.push(entity[id]!)
        visitTypeReferences(btf, id, reference)
      },
      classOf: (id) => (id === 0 ? voidClass : id < reach.length ? reach[id]! : nothing),
      settle: (id, found) => {
        reach[id] = found
      },
    })
    return reach
  }

  private classesOf(btf: Btf, classifier: Classifier, describe: Graph['describe']): Uint32Array {
    const classes = new Uint32Array(btf.lastId + 1)
    const nothing = this.nothing(new Key())
    classifier.classify(everyId(btf), {
      describe,
      classOf: (id) => (id === 0 ? voidClass : id < classes.length ? classes[id]! : nothing),
      settle: (id, found) => {
        classes[id] = found
      },
    })
    return classes
  }
}

/** Stands for void where 0 means that a class is not known. */
export const voidClass = 0xfffffffe

function* everyId(btf: Btf): Generator<number, void, undefined> {
  for (let id = 1; id <= btf.lastId; id++) yield id
}

class Base implements ClassedBase {
  readonly btf: Btf
  private readonly classes: TypeClasses
  private readonly names: NamesOf
  private made: { entity?: Uint32Array; definition?: Uint32Array; slice?: Uint32Array; reach?: Uint32Array } =
    {}

  constructor(btf: Btf, classes: TypeClasses) {
    this.btf = btf
    this.classes = classes
    this.names = new NamesOf(btf, classes.names)
  }

  get entity(): Uint32Array {
    this.made.entity ??= this.entities()
    return this.made.entity
  }

  get definition(): Uint32Array {
    this.made.definition ??= this.definitions()
    return this.made.definition
  }

  get slice(): Uint32Array {
    this.made.slice ??= this.classes.slicesOf(this)
    return this.made.slice
  }

  get reach(): Uint32Array {
    this.made.reach ??= this.classes.reachesOf(this)
    return this.made.reach
  }

  name(offset: number, above?: NameTable): number {
    return this.names.at(offset, above)
  }

  private entities(): Uint32Array {
    const { btf, classes } = this
    const entity = new Uint32Array(btf.lastId + 1)
    const key = new Key()
    const nothing = classes.nothing(key)
    const structural: number[] = []
    for (let id = 1; id <= btf.lastId; id++) {
      const kind = btf.kind(id)
      const name = this.name(btf.nameOff(id))
      if (isStructural(kind, name)) structural.push(id)
      else entity[id] = classes.interner.intern(namedKey(key, kind, name, btf.kindFlag(id)))
    }
    const name = (offset: number) => this.name(offset)
    classes.entities.classify(structural, {
      describe: (id, into, reference) => pushEntity(btf, id, into, { name, reference }),
      classOf: (id) => (id === 0 ? voidClass : id < entity.length ? entity[id]! : nothing),
      settle: (id, found) => {
        entity[id] = found
      },
    })
    return entity
  }

  private definitions(): Uint32Array {
    const { btf, classes, entity } = this
    const definition = new Uint32Array(entity)
    const key = new Key()
    const nothing = classes.nothing(key)
    const name = (offset: number) => this.name(offset)
    const entityOf = (id: number) => (id < entity.length ? entity[id]! : nothing)
    for (let id = 1; id <= btf.lastId; id++) {
      if (isStructural(btf.kind(id), this.name(btf.nameOff(id)))) continue
      definition[id] = classes.interner.intern(definitionKey(key, btf, id, name, entityOf))
    }
    return definition
  }
}

/** The key of a named type's entity. */
export function namedKey(key: Key, kind: number, name: number, flag: boolean): Key {
  key.clear()
  key.push(mark.entity | kind)
  key.push(name)
  if (kind === Kind.FWD) key.push(flag ? 1 : 0)
  return key
}

/** The key of a named type's definition. */
export function definitionKey(
  key: Key,
  btf: Btf,
  id: number,
  name: (offset: number) => number,
  entityOf: (id: number) => number,
): Key {
  key.clear()
  key.push(mark.definition)
  pushRecord(btf, id, key, { name, reference: (target) => key.push(entityOf(target)) })
  return key
}

/** Pushes what the entity of a type without a name of its own is told by. */
export function pushEntity(btf: Btf, id: number, key: Key, parts: Parameters<typeof pushRecord>[3]): void {
  key.push(mark.entity)
  pushRecord(btf, id, key, parts)
}
