import type { Btf } from '../btf.js'
import { typeText } from '../c/declaration.js'
import { Kind } from '../kinds.js'
import type { ClassedBase } from './classes.js'

/** A type of a distilled base that was not taken from a base. */
export interface Foreign {
  readonly typeId: number
  /** The type as the distilled base keeps it: `struct net_device of 2496 bytes`. */
  readonly expected: string
}

/** Stands for types of one kind, name and size that are not defined alike. */
const mixed = -1

/** The types of a base by what a distilled base keeps of them (libbpf's btf__distill_base): kind, name, and size or encoding. */
export class Counterparts {
  /** The class of their slice, or {@link mixed}. */
  private readonly slices = new Map<string, number>()

  /** @throws BtfError `btf-names` */
  constructor({ btf, slice }: ClassedBase) {
    for (let id = 1; id <= btf.lastId; id++) {
      if (btf.nameOff(id) === 0) continue
      const key = keyOf(btf, id)
      if (key !== null) this.put(key, slice[id]!)
      const kind = btf.kind(id)
      // Kernels take a declaration for the definition too.
      if (kind === Kind.STRUCT || kind === Kind.UNION)
        this.put(declared(btf.name(id), kind === Kind.UNION), slice[id]!)
    }
  }

  /** The first type of a distilled base that this base has no counterpart of; null where it has one of each. */
  lackingOf(distilled: Btf): Foreign | null {
    for (let id = 1; id <= distilled.lastId; id++) {
      const key = keyOf(distilled, id)
      if (key === null || this.slices.has(key)) continue
      const size = distilled.kind(id) === Kind.FWD ? '' : ` of ${distilled.sizeOrType(id)} bytes`
      return { typeId: id, expected: `${typeText(distilled, id)}${size}` }
    }
    return null
  }

  /** Whether whatever type of this base a distilled one stands for agrees, all the way down, with the class of a slice. */
  agree(distilled: Btf, id: number, slice: number): boolean {
    const key = keyOf(distilled, id)
    return key !== null && this.slices.get(key) === slice
  }

  private put(key: string, slice: number): void {
    const known = this.slices.get(key)
    this.slices.set(key, known === undefined || known === slice ? slice : mixed)
  }
}

const declared = (name: string, isUnion: boolean): string => `${Kind.FWD} ${isUnion} ${name}`

/** What a distilled base keeps of a type; null where it keeps no such type. */
function keyOf(btf: Btf, id: number): string | null {
  const kind = btf.kind(id)
  const name = btf.name(id)
  switch (kind) {
    case Kind.INT:
      return `${kind} ${btf.sizeOrType(id)} ${btf.word(id, 3)} ${name}`
    case Kind.FWD:
      return declared(name, btf.kindFlag(id))
    case Kind.FLOAT:
    case Kind.STRUCT:
    case Kind.UNION:
      return `${kind} ${btf.sizeOrType(id)} ${name}`
    case Kind.ENUM:
    case Kind.ENUM64:
      // An enum of either width is told by its size.
      return `${Kind.ENUM} ${btf.sizeOrType(id)} ${name}`
    default:
      return null
  }
}
