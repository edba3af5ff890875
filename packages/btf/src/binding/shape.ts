import type { Btf } from '../btf.js'
import { Kind, lastKind } from '../kinds.js'
import type { Key } from './interner.js'

/** How the parts of a record become words of a key. */
export interface Parts {
  /** The number of the name at a string offset. */
  name(offset: number): number
  /** Called for each type id that the record refers to, in order; what it pushes stands for the reference. */
  reference(id: number): void
}

/** Whether a type is the same as another by its structure alone: it has no name, or one that is not its own. */
export function isStructural(kind: number, name: number): boolean {
  return name === 0 || structuralKinds[kind] === 1
}

const structuralKinds = new Uint8Array(256)
for (const kind of [
  Kind.PTR,
  Kind.ARRAY,
  Kind.VOLATILE,
  Kind.CONST,
  Kind.RESTRICT,
  Kind.FUNC_PROTO,
  Kind.DECL_TAG,
  Kind.TYPE_TAG,
]) {
  structuralKinds[kind] = 1
}

/**
 * Pushes a record field by field: kind, name, what the kind has of its own, and the references. Two records that push the
 * same agree field by field. Members count by bit offset and size of the bit field, however the record's flag has them
 * written; of a kind that is not known every word but the name counts as it stands.
 */
export function pushRecord(btf: Btf, id: number, key: Key, parts: Parts): void {
  const owner = btf.ownerOf(id)!
  const { words } = owner
  const at = owner.wordOf(id)
  const kind = owner.kind(id)
  const vlen = owner.vlen(id)
  const flag = words[at + 1]! >>> 31
  const third = words[at + 2]!
  key.push(kind | (kind === Kind.STRUCT || kind === Kind.UNION ? 0 : flag << 8))
  key.push(parts.name(words[at]!))
  switch (kind) {
    case Kind.PTR:
    case Kind.TYPEDEF:
    case Kind.VOLATILE:
    case Kind.CONST:
    case Kind.RESTRICT:
    case Kind.TYPE_TAG:
      parts.reference(third)
      return
    case Kind.FUNC:
      key.push(vlen)
      parts.reference(third)
      return
    case Kind.VAR:
    case Kind.DECL_TAG:
      key.push(words[at + 3]!)
      parts.reference(third)
      return
    case Kind.INT:
      key.push(third)
      key.push(words[at + 3]!)
      return
    case Kind.FLOAT:
      key.push(third)
      return
    case Kind.FWD:
      return
    case Kind.ARRAY:
      key.push(words[at + 5]!)
      parts.reference(words[at + 3]!)
      parts.reference(words[at + 4]!)
      return
    case Kind.STRUCT:
    case Kind.UNION:
      key.push(third)
      key.push(vlen)
      for (let left = vlen, word = at + 3; left > 0; left--, word += 3) {
        const place = words[word + 2]!
        key.push(parts.name(words[word]!))
        key.push(flag === 1 ? place & 0xffffff : place)
        key.push(flag === 1 ? place >>> 24 : 0)
        parts.reference(words[word + 1]!)
      }
      return
    case Kind.ENUM:
    case Kind.ENUM64: {
      key.push(third)
      key.push(vlen)
      const step = kind === Kind.ENUM ? 2 : 3
      for (let left = vlen, word = at + 3; left > 0; left--, word += step) {
        key.push(parts.name(words[word]!))
        key.push(words[word + 1]!)
        if (step === 3) key.push(words[word + 2]!)
      }
      return
    }
    case Kind.FUNC_PROTO:
      key.push(vlen)
      parts.reference(third)
      for (let left = vlen, word = at + 3; left > 0; left--, word += 2) {
        key.push(parts.name(words[word]!))
        parts.reference(words[word + 1]!)
      }
      return
    case Kind.DATASEC:
      key.push(third)
      key.push(vlen)
      for (let left = vlen, word = at + 3; left > 0; left--, word += 3) {
        key.push(words[word + 1]!)
        key.push(words[word + 2]!)
        parts.reference(words[word]!)
      }
      return
    default: {
      key.push(lastKind)
      const record = owner.record(id)
      for (let word = 1; word < record.length; word++) key.push(record[word]!)
    }
  }
}

/**
 * Visits what a type holds by value: members, the elements of an array, the target of a typedef, a qualifier or a type tag.
 * What is behind a pointer or a prototype is not held.
 */
export function visitHeld(btf: Btf, id: number, visit: (id: number) => void): void {
  const owner = btf.ownerOf(id)
  if (owner === null) return
  const { words } = owner
  const at = owner.wordOf(id)
  switch (owner.kind(id)) {
    case Kind.TYPEDEF:
    case Kind.VOLATILE:
    case Kind.CONST:
    case Kind.RESTRICT:
    case Kind.TYPE_TAG:
      visit(words[at + 2]!)
      return
    case Kind.ARRAY:
      visit(words[at + 3]!)
      return
    case Kind.STRUCT:
    case Kind.UNION:
      for (let left = owner.vlen(id), word = at + 4; left > 0; left--, word += 3) visit(words[word]!)
  }
}
