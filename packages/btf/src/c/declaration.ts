import type { Btf } from '../btf.js'
import { Kind, kindNames, lastKind } from '../kinds.js'
import { shortString, shownName } from './names.js'
import { nextParameter, type Piece, unfold } from './unfold.js'

const longestType = 200
const longestDeclaration = 1000

/**
 * A type as a C reader writes it without a name: `struct net_device *`, `u16[8]`, `int (*)(struct sk_buff *, u32)`. What is
 * defined in braces is `struct {…}`, an id beyond every table `(no type 123)`; of what is no type in C, the kind and name.
 * Cut, with `…`, after 200 characters.
 */
export function typeText(btf: Btf, id: number): string {
  return write(btf, { id, name: '' }, longestType)
}

/**
 * The declaration of `name` as a variable of type `id`: `int (*name)(int)`, `char name[16]`. Of a FUNC its prototype, of a
 * VAR its definition. Cut, with `…`, after 1,000 characters.
 */
export function declaration(btf: Btf, id: number, name: string): string {
  const kind = btf.kind(id)
  const hasType = kind === Kind.FUNC || kind === Kind.VAR
  return write(btf, { id: hasType ? btf.sizeOrType(id) : id, name }, longestDeclaration)
}

/** A declaration of something that is defined in its place: what stands before its braces and after them. */
export interface Around {
  readonly leaf: number
  readonly before: string
  readonly after: string
}

/** Takes the declaration of `name` apart at the type that it starts with; null where there is no end to it. */
export function aroundLeaf(btf: Btf, id: number, name: string): Around | null {
  const parts = unfold(btf, id, name, 'source')
  if (parts === null) return null
  const { leaf, qualifiers, before, rest } = parts
  return { leaf, before: qualifiers, after: writeAll(btf, [...rest, before], longestDeclaration) }
}

function write(btf: Btf, start: Piece, limit: number): string {
  return writeAll(btf, [start], limit)
}

/** Writes a stack of pieces, up to `limit` characters. */
function writeAll(btf: Btf, left: Piece[], limit: number): string {
  let text = ''
  while (left.length > 0 && text.length <= limit) {
    const piece = left.pop()!
    if (typeof piece === 'string') {
      text += piece
    } else if ('proto' in piece) {
      left.push(...nextParameter(btf, piece, nameAt))
    } else {
      const parts = unfold(btf, piece.id, piece.name, 'source')
      if (parts === null) return `${text.slice(0, limit)}…`
      left.push(...parts.rest, parts.before)
      text += parts.qualifiers + leafText(btf, parts.leaf)
    }
  }
  return text.length > limit || left.length > 0 ? `${text.slice(0, limit)}…` : text
}

const nameAt = (btf: Btf, nameOff: number): string => shortString(btf, nameOff) ?? ''

/** The type that a declaration starts with. */
function leafText(btf: Btf, id: number): string {
  if (id === 0) return 'void'
  if (!btf.has(id)) return `(no type ${id})`
  const kind = btf.kind(id)
  const name = shownName(btf, id)
  switch (kind) {
    case Kind.INT:
    case Kind.FLOAT:
    case Kind.TYPEDEF:
      return name
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.ENUM:
    case Kind.ENUM64: {
      const word = kind === Kind.STRUCT ? 'struct' : kind === Kind.UNION ? 'union' : 'enum'
      return btf.nameOff(id) === 0 ? `${word} {…}` : `${word} ${name}`
    }
    case Kind.FWD:
      return `${btf.kindFlag(id) ? 'union' : 'struct'} ${name}`
    case Kind.DATASEC:
      return `section ${name}`
    case Kind.DECL_TAG:
      return `tag "${name}"`
    default:
      return kind <= lastKind ? `${kindNames[kind]!.toLowerCase()} ${name}` : `(kind ${kind})`
  }
}
