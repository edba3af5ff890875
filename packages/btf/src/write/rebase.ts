import { changesBetween } from '../binding/changes.js'
import { type ClassedBase, TypeClasses } from '../binding/classes.js'
import { OwnClasses, Reading } from '../binding/own.js'
import { Paths } from '../binding/paths.js'
import { isStructural } from '../binding/shape.js'
import type { Btf } from '../btf.js'
import { typeText } from '../c/declaration.js'
import { BtfError } from '../errors.js'
import { readBtf } from '../reader.js'
import { recordTypeReferences } from '../references.js'
import { BtfBuilder } from './builder.js'
import { type RebaseFault, rebaseFault } from './proof.js'

/** A split BTF that was written for another base. */
export interface Rebased {
  readonly btf: Uint8Array
  /** By id in the numbering of the split BTF and its origin base: the id on the target base, 0 where it was not needed. */
  readonly ids: Uint32Array
  /** How many types without a name the target base lacks, which became own types. */
  readonly appended: number
}

/** A type of the origin base that the target base does not have as the module was compiled with it. */
export interface Obstacle {
  /** The type as C has it: `struct net_device`. */
  readonly type: string
  /** Whether the target base has no such type, or defines it differently. */
  readonly is: 'missing' | 'different'
  /** The first reference of the module that reaches it: `struct veth_priv.dev`; empty where no type of the module does. */
  readonly from: string
  readonly originId: number
  /** null where it is missing. */
  readonly targetId: number | null
}

/** Why there is no BTF of the module for the target base: each type once, in the order in which they are reached. */
export interface Obstructed {
  readonly obstacles: readonly Obstacle[]
}

/** A reference of a module to its base. */
interface Place {
  readonly id: number
  readonly index: number
}

/** Takes split BTFs off the base that they were built on, and puts them on another, where that has the types that they need. */
export class Rebaser {
  private readonly classes = new TypeClasses()
  private readonly origin: ClassedBase
  private readonly target: ClassedBase
  /** By what a reference to it reaches, and by entity: the first type of the target base. */
  private readonly alike = new Map<number, number>()
  private readonly counterparts = new Map<number, number>()

  /**
   * Prepares two bases of one byte order for any number of modules.
   * @throws BtfError `btf-byte-order`, `btf-names`
   */
  constructor(origin: Btf, target: Btf) {
    if (origin.littleEndian !== target.littleEndian)
      throw new BtfError('btf-byte-order', 'The two bases have different byte orders.')
    this.origin = this.classes.add(origin)
    this.target = this.classes.add(target)
    const { reach, entity } = this.target
    for (let id = target.lastId; id > 0; id--) {
      this.alike.set(reach[id]!, id)
      this.counterparts.set(entity[id]!, id)
    }
  }

  /**
   * Writes a split BTF, read on the origin base, for the target base: every reference to a type of the base becomes one to
   * a type that denotes and reaches the same there. A type without a name that the target lacks becomes an own type, put
   * behind the others. `also` are types of the base that something else than BTF refers to (`.BTF_ids`).
   * @throws BtfError `btf-dangling`, `btf-kind`, `btf-too-large`
   */
  rebase(split: Btf, also: Iterable<number> = []): Rebased | Obstructed {
    const origin = this.origin.btf
    const { startId, lastId } = split
    const ids = new Uint32Array(lastId + 1)
    const own = new BtfBuilder(split.littleEndian, this.target.btf)
    const appended: number[] = []
    const lacking = new Map<number, Place | null>()
    for (let id = startId; id <= lastId; id++) ids[id] = own.startId + id - startId
    const need = (id: number, place: Place | null): void => {
      if (id > lastId)
        throw new BtfError('btf-dangling', `A type refers to type ${id}; the last is ${lastId}.`)
      if (id === 0 || ids[id] !== 0 || lacking.has(id)) return
      const there = this.alike.get(this.origin.reach[id]!)
      if (there !== undefined) ids[id] = there
      else if (isStructural(origin.kind(id), this.origin.name(origin.nameOff(id)))) {
        ids[id] = own.startId + split.typeCount + appended.length
        appended.push(id)
        places.set(id, place)
      } else lacking.set(id, place)
    }
    const places = new Map<number, Place | null>()
    for (let id = startId; id <= lastId; id++) {
      const { words } = split
      recordTypeReferences(words, split.wordOf(id), split.kind(id), split.vlen(id), (base, index) => {
        if (base < startId || base > lastId) need(base, { id, index })
      })
    }
    for (const id of also) need(id, null)
    for (const id of appended) {
      recordTypeReferences(origin.words, origin.wordOf(id), origin.kind(id), origin.vlen(id), (base) =>
        need(base, places.get(id) ?? null),
      )
    }
    if (lacking.size > 0) return { obstacles: this.obstacles(split, lacking) }
    for (let id = startId; id <= lastId; id++) own.copy(split, id)
    for (const id of appended) own.copy(origin, id)
    own.renumber((id) => ids[id]!)
    return { btf: own.encode(), ids, appended: appended.length }
  }

  /**
   * Reads what was written back, and proves that it means on the target base what the split BTF means on the origin base,
   * every own type and those of `also`. The first that does not; null where all do.
   * @throws BtfError where it cannot be read
   */
  faultOf(split: Btf, { btf, ids }: Rebased, also: Iterable<number> = []): RebaseFault | null {
    const own = new OwnClasses(this.classes)
    const before = new Reading(split, this.origin, own)
    const after = new Reading(readBtf(btf, this.target.btf), this.target, own)
    const pairs = function* (): Generator<[number, number]> {
      for (let id = split.startId; id <= split.lastId; id++) yield [id, ids[id]!]
      for (const id of also) yield [id, ids[id] ?? 0]
    }
    return rebaseFault(before, after, pairs())
  }

  /** What is in the way: types that are missing and, of those that reach something different, what is defined differently. */
  private obstacles(split: Btf, lacking: ReadonlyMap<number, Place | null>): Obstacle[] {
    const paths = new Paths(split)
    const obstacles = new Map<number, Obstacle>()
    for (const [reference, place] of lacking) {
      const counterpart = this.counterparts.get(this.origin.entity[reference]!)
      const from = place === null ? '' : paths.of(place.id, place.index)
      const add = (originId: number, targetId: number | null): void => {
        if (obstacles.has(originId)) return
        const is = targetId === null ? 'missing' : 'different'
        obstacles.set(originId, { type: typeText(split, originId), is, from, originId, targetId })
      }
      if (counterpart === undefined) {
        add(reference, null)
        continue
      }
      const start = { originId: reference, runningId: counterpart, reference }
      const changes = changesBetween([start], this.origin, this.target)
      for (const { originId, runningId } of changes) add(originId, runningId)
      // Where no definition differs, one type stands for another in what they hold.
      if (changes.length === 0) add(reference, counterpart)
    }
    return [...obstacles.values()]
  }
}
