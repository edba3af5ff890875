import type { Btf } from '../btf.js'
import { readBtf } from '../reader.js'
import { visitStringReferences, visitTypeReferences } from '../references.js'
import { Comparer } from './compare.js'
import { Interner } from './interner.js'
import { Paths } from './path.js'
import { Slices } from './slice.js'
import { typeName } from './type-name.js'
import { World } from './world.js'

/** One reference of a split BTF that denotes something else on the running base than it did on its origin base. */
export interface Misbinding {
  /** Where it stands, as a path: `struct veth_priv.dev → ptr`. */
  readonly from: string
  /** The type id that it holds; absent for a string offset. */
  readonly typeId?: number
  /** The string offset that it holds; absent for a type id. */
  readonly strOff?: number
  /** What it denotes in the origin base, and what in the running one. */
  readonly expected: string
  readonly actual: string
}

/** A type that a module needs and that the running base defines differently. */
export interface ChangedType {
  readonly name: string
  /** Its id in the origin base and in the running one. */
  readonly originId: number
  readonly runningId: number
}

/** What becomes of every reference of a split BTF when it moves from its origin base to the running one. */
export interface Binding {
  readonly misboundTotal: number
  /** The first of them, in the order of the file. */
  readonly misbound: readonly Misbinding[]
  readonly changedTotal: number
  /** Direct changes in the module's slice, by origin id; none are looked for where a reference is misbound. */
  readonly changed: readonly ChangedType[]
}

/** Most findings of each kind that are told in words, where the caller does not say. */
export const defaultFindings = 20

/**
 * Resolves references of split BTFs in two bases. Made once for the two bases, used for any number of modules; the bases are
 * classified once, in time and memory proportional to their types and strings.
 */
export class Binder {
  private readonly interner = new Interner()
  private readonly origin: World
  private readonly running: World
  private readonly slices: Slices

  constructor(origin: Btf, running: Btf) {
    this.origin = new World(origin, null, this.interner)
    this.running = new World(running, null, this.interner)
    this.slices = new Slices(new Comparer(this.origin, this.running))
  }

  /**
   * Compares every type id and string offset of a split BTF, its own ids and strings among them.
   * @throws BtfError where the bytes cannot be walked
   */
  bind(split: Uint8Array, maxFindings: number = defaultFindings): Binding {
    const own = new Interner(this.interner)
    const built = new World(readBtf(split, this.origin.btf), this.origin, own)
    const met = new World(readBtf(split, this.running.btf), this.running, own)
    const comparer = new Comparer(built, met)
    const found = new Findings(comparer, maxFindings)
    const shift = met.btf.startId - built.btf.startId
    const starts = new Map<number, readonly [number, number]>()
    const { startId } = built.btf
    for (let id = startId; id <= built.btf.lastId; id++) {
      visitStringReferences(built.btf, id, (off, word) => {
        if (!comparer.sameText(off, off)) found.text(id, word, off)
      })
      visitTypeReferences(built.btf, id, (target, word) => {
        if (!comparer.sameEntity(target, target)) found.type(id, word, target)
        else if (target < startId && target !== 0) starts.set(target, [target, target])
      })
    }
    // Without a misbound reference every id below the bases' ends is the same number in both.
    const changes = found.total === 0 && shift === 0 ? this.slices.changes(starts.values()) : []
    return {
      misboundTotal: found.total,
      misbound: found.list,
      changedTotal: changes.length,
      changed: changes.slice(0, maxFindings).map(({ left, right }) => ({
        name: typeName(this.origin.btf, left),
        originId: left,
        runningId: right,
      })),
    }
  }
}

class Findings {
  total = 0
  readonly list: Misbinding[] = []
  private readonly comparer: Comparer
  private readonly most: number
  private paths: Paths | null = null

  constructor(comparer: Comparer, most: number) {
    this.comparer = comparer
    this.most = most
  }

  text(id: number, word: number, off: number): void {
    const { left, right } = this.comparer
    this.add(id, word, {
      strOff: off,
      expected: left.btf.stringAt(off) ?? beyond,
      actual: right.btf.stringAt(off) ?? beyond,
    })
  }

  type(id: number, word: number, target: number): void {
    const { left, right } = this.comparer
    this.add(id, word, {
      typeId: target,
      expected: typeName(left.btf, target),
      actual: typeName(right.btf, target),
    })
  }

  private add(id: number, word: number, finding: Omit<Misbinding, 'from'>): void {
    this.total++
    if (this.list.length >= this.most) return
    this.paths ??= new Paths(this.comparer.left.btf)
    this.list.push({ from: this.paths.ofReference(id, word), ...finding })
  }
}

const beyond = '(beyond every string)'
