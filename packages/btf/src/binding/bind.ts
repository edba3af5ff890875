import { Btf } from '../btf.js'
import { typeText } from '../c/declaration.js'
import { readBtf } from '../reader.js'
import { recordStringReferences, recordTypeReferences } from '../references.js'
import { type ChangedPair, changesBehind } from './changes.js'
import { type ClassedBase, TypeClasses } from './classes.js'
import { Counterparts } from './counterparts.js'
import { OwnClasses, Reading } from './own.js'
import { Paths, shortened } from './paths.js'

/** A reference of a module that binds to something else on the running base than on the base it was built on. */
export interface Misbound {
  /** Whose reference it is: `struct veth_priv.dev`. */
  readonly from: string
  /** The type id, as it stands in the module. */
  readonly typeId?: number
  /** Or the string offset. */
  readonly strOff?: number
  /** What it meant: a type as C has it, or a name. */
  readonly expected: string
  /** What it means now. */
  readonly actual: string
}

/** A type of the module's slice that the running base defines differently. */
export interface ChangedType {
  /** The type as C has it: `struct net_device`. */
  readonly type: string
  /** The first reference of the module that reaches it. */
  readonly from: string
  readonly originId: number
  readonly runningId: number
}

/** What the references of one module bind to. */
export interface Bound {
  /** How many references bind to something else. */
  readonly misboundTotal: number
  /** The first of them, in the order of the module's records. */
  readonly misbound: readonly Misbound[]
  /**
   * How many types of its slice are defined differently, at the least where bases made for it hold one another beyond what
   * can be followed; 0 where a reference is misbound, as it then has no slice.
   */
  readonly changedTotal: number
  /** The first of them, in the order in which its references reach them. */
  readonly changed: readonly ChangedType[]
}

/** How many findings are put into words where nothing else is said. */
export const defaultFindings = 20

/** What is asked of a binding. */
export interface BindOptions {
  /** Findings of each kind that are put into words. */
  readonly maxFindings?: number
}

/** A word of a module's record: the id of the own type, and its index in the record. */
export interface Place {
  readonly id: number
  readonly index: number
  readonly isString: boolean
}

/**
 * One origin base and one running base, for any number of modules that were built on the one and meet the other. Deciding by
 * id would be wrong, since ids move; references are compared by what they denote.
 */
export class Binding {
  readonly origin: ClassedBase
  readonly running: ClassedBase
  private readonly own: OwnClasses
  private byName: Counterparts | null = null

  /** @throws BtfError `btf-names`; so do the other methods */
  constructor(origin: Btf, running: Btf, classes: TypeClasses = new TypeClasses()) {
    this.origin = classes.add(origin)
    this.running = classes.add(running)
    this.own = new OwnClasses(classes)
  }

  /** The types of the origin base by what distilled bases keep of them. */
  get counterparts(): Counterparts {
    this.byName ??= new Counterparts(this.origin)
    return this.byName
  }

  /**
   * Resolves every reference of a split BTF, type ids and string offsets alike, in both bases. It may have been read
   * already, on any base or none.
   * @throws BtfError where the bytes cannot be walked
   */
  bind(module: Uint8Array | Btf, { maxFindings = defaultFindings }: BindOptions = {}): Bound {
    const { btf: origin } = this.origin
    const built = module instanceof Btf ? module.onBase(origin) : readBtf(module, origin)
    const met = built.onBase(this.running.btf)
    this.own.clear()
    const before = new Reading(built, this.origin, this.own)
    const after = new Reading(met, this.running, this.own)
    const places: Place[] = []
    let misboundTotal = 0
    const found = (id: number, index: number, isString: boolean): void => {
      if (misboundTotal++ < maxFindings) places.push({ id, index, isString })
    }
    compareReferences(before, after, found)
    const paths = new Paths(built)
    if (misboundTotal > 0) {
      const misbound = places.map((place) => inWords(place, built, met, paths))
      return { misboundTotal, misbound, changedTotal: 0, changed: [] }
    }
    const { direct, references, firsts } = this.differingReferences(before, after)
    const changes = [...direct, ...changesBehind(references, this.origin, this.running)]
    const changed = changes.slice(0, maxFindings).map(({ originId, runningId, reference }) => {
      const { id, index } = firsts.get(reference)!
      return { type: typeText(built, originId), from: paths.of(id, index), originId, runningId }
    })
    return { misboundTotal, misbound: [], changedTotal: changes.length, changed }
  }

  /**
   * What the module refers to in the bases that does not reach the same in both, and, where ids shift, what it refers to of
   * its own or across that is the same entity with another definition; and the first place of each.
   */
  private differingReferences(before: Reading, after: Reading) {
    // Both bases are numbered before anything of the module's own, which the numbers of its own stand on.
    const { reach: reachBefore } = this.origin
    const { reach: reachAfter } = this.running
    const lowestId = Math.min(before.btf.startId, after.btf.startId)
    const shifted = before.btf.startId !== after.btf.startId
    const firsts = new Map<number, { id: number; index: number }>()
    const references: number[] = []
    const direct: ChangedPair[] = []
    eachReference(before.btf, (id, index, target) => {
      if (target === 0 || firsts.has(target)) return
      if (target < lowestId) {
        if (reachBefore[target] === reachAfter[target]) return
        references.push(target)
      } else {
        if (!shifted || before.definition(target) === after.definition(target)) return
        direct.push({ originId: target, runningId: target, reference: target })
      }
      firsts.set(target, { id, index })
    })
    return { direct, references, firsts }
  }
}

/** Calls for each type id in the records of a split BTF: the own type's id, the index of the word, and the id there. */
export function eachReference(split: Btf, visit: (id: number, index: number, target: number) => void): void {
  const { words, starts, startId } = split
  for (let ordinal = 0; ordinal < starts.length; ordinal++) {
    const id = startId + ordinal
    recordTypeReferences(words, starts[ordinal]!, split.kind(id), split.vlen(id), (target, index) =>
      visit(id, index, target),
    )
  }
}

/** Calls for each word of a module's records that does not denote the same in both readings. */
function compareReferences(
  before: Reading,
  after: Reading,
  found: (id: number, index: number, isString: boolean) => void,
): void {
  const { btf: split } = before
  const { words, starts, startId, startStr } = split
  const idShift = after.btf.startId - startId
  const strShift = after.btf.startStr - startStr
  const lowestId = Math.min(startId, after.btf.startId)
  const lowestStr = Math.min(startStr, after.btf.startStr)
  // Both bases are numbered before anything of the module's own.
  const { entity: entitiesBefore } = before.base
  const { entity: entitiesAfter } = after.base
  let id = 0
  const sameType = (target: number): boolean => {
    if (target < lowestId) return entitiesBefore[target] === entitiesAfter[target]
    // An own id that leads to the same record is the same reference: what is in that record is looked at there.
    if (idShift === 0) return true
    if (split.kind(target) !== after.btf.kind(target)) return false
    return before.entity(target) === after.entity(target)
  }
  const sameString = (offset: number): boolean => {
    if (offset < lowestStr) return before.base.name(offset) === after.base.name(offset)
    return strShift === 0 || before.name(offset) === after.name(offset)
  }
  const ofType = (target: number, index: number): void => {
    if (!sameType(target)) found(id, index, false)
  }
  const ofString = (offset: number, index: number): void => {
    if (offset !== 0 && !sameString(offset)) found(id, index, true)
  }
  for (let ordinal = 0; ordinal < starts.length; ordinal++) {
    id = startId + ordinal
    const kind = split.kind(id)
    const vlen = split.vlen(id)
    recordStringReferences(words, starts[ordinal]!, kind, vlen, ofString)
    recordTypeReferences(words, starts[ordinal]!, kind, vlen, ofType)
  }
}

function inWords({ id, index, isString }: Place, built: Btf, met: Btf, paths: Paths): Misbound {
  const value = built.word(id, index)
  const from = paths.of(id, index)
  if (!isString) {
    return { from, typeId: value, expected: typeText(built, value), actual: typeText(met, value) }
  }
  const name = (btf: Btf): string => {
    const text = btf.stringAt(value)
    return text === null ? '(beyond the strings)' : shortened(text)
  }
  return { from, strOff: value, expected: name(built), actual: name(met) }
}
