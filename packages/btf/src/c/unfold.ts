import type { Btf } from '../btf.js'
import { isModifier, Kind } from '../kinds.js'
import { shortString } from './names.js'

/** A part of a declaration that is still to be written. */
export type Piece = string | Declared | Parameters

/** A type, and the name that it is declared under; empty for the type alone. */
export interface Declared {
  readonly id: number
  readonly name: string
}

/** The parameters of a function from number `from` on. */
export interface Parameters {
  readonly proto: number
  readonly from: number
}

/** One declaration, taken apart. In C it reads: `qualifiers`, the type `leaf`, `before`, and then what is in `rest`. */
export interface Unfolded {
  /** The type at the end of the chain: it has a name, is defined in braces, is void, or is no type at all. */
  readonly leaf: number
  /** Qualifiers of the leaf, each with a blank after it. */
  readonly qualifiers: string
  /** What stands between the leaf and the end of the declared name. */
  readonly before: string
  /** What follows the name, as a stack: its first part is the last entry. */
  readonly rest: Piece[]
  /** Links that were followed. */
  readonly links: number
}

/** How declarations are spaced: as kernel sources have it, or as bpftool does (`char * (*f)(void)`). */
export type Spacing = 'source' | 'bpftool'

/** Links of a chain of pointers, arrays, functions and qualifiers that are followed: real ones have no tenth of these. */
const longestChain = 256

/**
 * Takes the declaration of `name` as a variable of type `id` apart. BTF goes from the name to the type (an array of pointers
 * to functions that return int); C has the same chain inside out, and puts half of it behind the name.
 * @returns null where the chain is longer than any real one, as a circle is
 */
export function unfold(btf: Btf, id: number, name: string, spacing: Spacing): Unfolded | null {
  const chain: number[] = []
  let leaf = id
  while (isLink(btf.kind(leaf))) {
    if (chain.length === longestChain) return null
    chain.push(leaf)
    leaf = btf.kind(leaf) === Kind.ARRAY ? btf.word(leaf, 3) : btf.sizeOrType(leaf)
  }
  const links = chain.length
  let qualifiers = ''
  let before = ''
  while (chain.length > 0 && isModifier(btf.kind(chain[chain.length - 1]!))) {
    const link = chain.pop()!
    if (btf.kind(link) === Kind.TYPE_TAG) before += ` ${tagText(btf, link)}`
    else qualifiers += `${qualifierWords[btf.kind(link)]} `
  }
  const rest: Piece[] = []
  // Whether what comes next needs no blank before it.
  let glued = false
  while (chain.length > 0) {
    const link = chain.pop()!
    const kind = btf.kind(link)
    if (kind === Kind.PTR) {
      before += glued ? '*' : ' *'
      glued = true
      continue
    }
    const isArray = kind === Kind.ARRAY
    if (!isArray && kind !== Kind.FUNC_PROTO) {
      before += kind === Kind.TYPE_TAG ? ` ${tagText(btf, link)}` : ` ${qualifierWords[kind]}`
      glued = false
      continue
    }
    // Compilers give an array the qualifiers of its elements too, and a function that never returns a `volatile`.
    while (chain.length > 0 && isModifier(btf.kind(chain[chain.length - 1]!))) chain.pop()
    if (isArray) rest.push(`[${btf.word(link, 5)}]`)
    else rest.push(')', { proto: link, from: 0 }, '(')
    if (chain.length === 0) continue
    const manyDimensions = isArray && btf.kind(chain[chain.length - 1]!) === Kind.ARRAY
    if (
      spacing === 'source' ? !glued && (name !== '' || !manyDimensions) : !isArray || (name !== '' && !glued)
    ) {
      before += ' '
    }
    glued = true
    if (manyDimensions) continue
    before += '('
    rest.push(')')
  }
  if (name !== '') before += glued ? name : ` ${name}`
  return { leaf, qualifiers, before, rest, links }
}

const qualifierWords: Readonly<Record<number, string>> = {
  [Kind.CONST]: 'const',
  [Kind.VOLATILE]: 'volatile',
  [Kind.RESTRICT]: 'restrict',
}

/** Whether a kind is written around the name, rather than being the type that the declaration starts with. */
function isLink(kind: number): boolean {
  const isModified = isModifier(kind) && kind !== Kind.TYPEDEF
  return isModified || kind === Kind.PTR || kind === Kind.ARRAY || kind === Kind.FUNC_PROTO
}

/** A type tag as the attribute that it was, or, where its kind_flag is set, as any other attribute (BTF of Linux 6.15). */
function tagText(btf: Btf, id: number): string {
  const value = (shortString(btf, btf.nameOff(id)) ?? '').replace(/[^ !#-[\]-~]/g, '?')
  if (!btf.kindFlag(id)) return `__attribute__((btf_type_tag("${value}")))`
  return `__attribute__((${/^[A-Za-z_]\w*(\(\w*\))?$/.test(value) ? value : ''}))`
}

/**
 * The parts of one parameter and of those after it, as a stack; empty after the last.
 * @param nameAt the name of a parameter by its string offset
 */
export function nextParameter(
  btf: Btf,
  { proto, from }: Parameters,
  nameAt: (btf: Btf, nameOff: number) => string,
): Piece[] {
  const count = btf.vlen(proto)
  const type = btf.word(proto, 4 + from * 2)
  const isVoid = from === 0 && count === 1 && type === 0
  if (count === 0 || isVoid) return from === 0 ? ['void'] : []
  if (from === count) return []
  const comma = from === 0 ? '' : ', '
  // The last parameter stands for all further ones when it has no type.
  if (from === count - 1 && type === 0) return [`${comma}...`]
  return [{ proto, from: from + 1 }, { id: type, name: nameAt(btf, btf.word(proto, 3 + from * 2)) }, comma]
}
