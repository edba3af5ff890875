import type { Btf } from '../btf.js'
import { BtfError } from '../errors.js'
import { Kind, kindNames } from '../kinds.js'
import { visitTypeReferences } from '../references.js'
import { BtfBuilder } from './builder.js'

/** A split BTF with a base of its own, which a kernel maps to its base by names. */
export interface Distilled {
  /** `.BTF` */
  readonly btf: Uint8Array
  /** `.BTF.base` */
  readonly base: Uint8Array
  /** By id in the numbering of the split BTF and its base: the id in that of the two blobs here, 0 where it is in neither. */
  readonly ids: Uint32Array
}

/** Where a type of the base that the split BTF needs goes. */
type Place = 'base' | 'split'

/**
 * Takes a split BTF off its base, `split.base`, which must be the one that it was built on (libbpf's btf__distill_base):
 * named scalars, forward declarations, structs, unions and enums that it needs go into a base of its own, without members
 * and with their sizes; whatever else it needs is appended to its own types.
 * @throws BtfError `distill-kind`, `btf-dangling`, `btf-kind`, `btf-too-large`
 */
export function distill(split: Btf): Distilled {
  const needed = neededOfBase(split)
  const ids = new Uint32Array(split.lastId + 1)
  const base = new BtfBuilder(split.littleEndian, null)
  const later: number[] = []
  for (let id = 1; id < split.startId; id++) {
    if (needed[id] === 0) continue
    if (placeOf(split, id) === 'base') ids[id] = addDistilled(base, split, id)
    else later.push(id)
  }
  const own = new BtfBuilder(split.littleEndian, base)
  for (let id = split.startId; id <= split.lastId; id++) ids[id] = own.copy(split, id)
  for (const id of later) ids[id] = own.copy(split, id)
  own.renumber((id) => {
    if (id < ids.length) return ids[id]!
    throw new BtfError('btf-dangling', `A type refers to type ${id}; the last is ${split.lastId}.`)
  })
  return { btf: own.encode(), base: base.encode(), ids }
}

/** By id of the base: 1 where the split BTF refers to it, or what it refers to does; behind named structs it ends. */
function neededOfBase(split: Btf): Uint8Array {
  const needed = new Uint8Array(split.startId)
  const open: number[] = []
  const need = (id: number): void => {
    if (id === 0 || id >= split.startId || needed[id] === 1) return
    needed[id] = 1
    if (!isComposite(split.kind(id)) || split.nameOff(id) === 0) open.push(id)
  }
  for (let id = split.startId; id <= split.lastId; id++) visitTypeReferences(split, id, need)
  for (let id = open.pop(); id !== undefined; id = open.pop()) visitTypeReferences(split, id, need)
  return needed
}

const isComposite = (kind: number): boolean => kind === Kind.STRUCT || kind === Kind.UNION

/** Where a type goes (btf_add_distilled_types). */
function placeOf(split: Btf, id: number): Place {
  const kind = split.kind(id)
  switch (kind) {
    case Kind.INT:
    case Kind.FLOAT:
    case Kind.FWD:
      return 'base'
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.ENUM:
    case Kind.ENUM64:
      return split.nameOff(id) === 0 ? 'split' : 'base'
    case Kind.ARRAY:
    case Kind.TYPEDEF:
    case Kind.PTR:
    case Kind.CONST:
    case Kind.RESTRICT:
    case Kind.VOLATILE:
    case Kind.FUNC_PROTO:
    case Kind.TYPE_TAG:
      return 'split'
    default: {
      const what = `${kindNames[kind] ?? `kind ${kind}`} "${split.name(id)}" [${id}]`
      throw new BtfError(
        'distill-kind',
        `It refers to ${what} of its base, which no distilled base can hold.`,
      )
    }
  }
}

/** Adds what a distilled base keeps of a type: all of a scalar; name and size of a struct, union or enum. */
function addDistilled(base: BtfBuilder, split: Btf, id: number): number {
  const kind = split.kind(id)
  if (isComposite(kind)) return base.add(kind, split.name(id), split.sizeOrType(id))
  // An enum of either width is told by its size.
  if (kind === Kind.ENUM || kind === Kind.ENUM64) {
    return base.add(Kind.ENUM, split.name(id), split.sizeOrType(id))
  }
  return base.copy(split, id)
}
