import { visitHeld } from '../binding/shape.js'
import type { Btf } from '../btf.js'
import { visitStringReferences, visitTypeReferences } from '../references.js'
import type { DefinitionDigests } from './digests.js'
import { NameOrder } from './name-order.js'
import type { DigestRanks } from './ranks.js'
import { DigestWriter, hex, type Sha256 } from './writer.js'

/** How far a type was followed: what it holds by value, or all it refers to. */
const held = 1
const whole = 2

/** Fingerprints of what modules need of one base; what it takes of the base is prepared once. */
export class SliceFingerprints {
  private readonly digests: DefinitionDigests
  private readonly ranks: DigestRanks
  private readonly names: NameOrder
  private readonly sha256: Sha256
  /** By id: four times the number of the module that reached it last, and {@link held} or {@link whole} on top. */
  private readonly seen: Uint32Array
  private modules = 0

  constructor(digests: DefinitionDigests, ranks: DigestRanks, sha256: Sha256) {
    this.digests = digests
    this.ranks = ranks
    this.names = new NameOrder(digests.base.strings)
    this.sha256 = sha256
    this.seen = new Uint32Array(digests.base.lastId + 1)
  }

  /** @throws BtfError `btf-repetition` */
  of(split: Btf): string {
    const { digests, sha256 } = this
    const out = new DigestWriter()
    out.text('basedrift slice 1\n')
    const names = this.names.distinct(this.nameOffsets(split))
    out.u32(names.length)
    for (const offset of names) out.name(digests.base, offset)
    const definitions = this.reached(split)
    out.u32(definitions.length)
    for (const id of definitions) out.raw(digests.of(id))
    return hex(sha256(out.written()))
  }

  /** Offsets of names that the module has in the base's strings. */
  private nameOffsets(split: Btf): number[] {
    const offsets: number[] = []
    const note = (offset: number): void => {
      if (offset !== 0 && offset < split.startStr) offsets.push(offset)
    }
    for (let id = split.startId; id <= split.lastId; id++) visitStringReferences(split, id, note)
    return offsets
  }

  /** One id for each definition of the base that the module reaches, in the order of their digests. */
  private reached(split: Btf): number[] {
    const { digests, seen } = this
    const { base, structural } = digests
    const none = ++this.modules * 4
    const queue: number[] = []
    const reach = (id: number, how: number): void => {
      if (id === 0 || id >= split.startId) return
      // A type with a name of its own is taken with what it holds, however it is reached.
      const wanted = none + (structural[id] === 1 ? how : held)
      if (seen[id]! >= wanted) return
      if (seen[id]! < none) ranks.push(this.ranks.rankOf[id]!)
      seen[id] = wanted
      queue.push(id)
    }
    const ranks: number[] = []
    const reachHeld = (id: number): void => reach(id, held)
    const reachWhole = (id: number): void => reach(id, whole)
    for (let id = split.startId; id <= split.lastId; id++) visitTypeReferences(split, id, reachWhole)
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (seen[id] === none + whole) visitTypeReferences(base, id, reachWhole)
      else visitHeld(base, id, reachHeld)
    }
    const ordered = Uint32Array.from(ranks).sort()
    const ids: number[] = []
    for (const [place, rank] of ordered.entries()) {
      if (place === 0 || rank !== ordered[place - 1]) ids.push(this.ranks.idOf[rank]!)
    }
    return ids
  }
}
