import type { Btf } from '../btf.js'
import { commonWords, entryWords, Kind, kindNames } from '../kinds.js'

/** Pointers, arrays and prototypes around a type that are still printed, and members or parameters of a list. */
const limits = { depth: 16, list: 4 } as const

const keywords: Readonly<Record<number, string>> = {
  [Kind.STRUCT]: 'struct',
  [Kind.UNION]: 'union',
  [Kind.ENUM]: 'enum',
  [Kind.ENUM64]: 'enum',
  [Kind.FUNC]: 'function',
  [Kind.VAR]: 'variable',
  [Kind.DATASEC]: 'section',
}

const qualifiers: Readonly<Record<number, string>> = {
  [Kind.CONST]: 'const',
  [Kind.VOLATILE]: 'volatile',
  [Kind.RESTRICT]: 'restrict',
}

/** A type as a reader of C would name it: `struct net_device *`, `u16[8]`, `int (*)(void *)`. Any id is answered. */
export function typeName(btf: Btf, id: number): string {
  return declare(btf, id, '', 0)
}

/** The name of `id` around `inner`, the part of a declarator that is known already. */
function declare(btf: Btf, id: number, inner: string, depth: number): string {
  if (id === 0) return join('void', inner)
  if (!btf.has(id)) return join(`(no type ${id})`, inner)
  if (depth > limits.depth) return join('…', inner)
  const kind = btf.kind(id)
  const target = btf.sizeOrType(id)
  switch (kind) {
    case Kind.PTR: {
      const of = btf.kind(target)
      const star = `*${inner}`
      return declare(btf, target, of === Kind.ARRAY || of === Kind.FUNC_PROTO ? `(${star})` : star, depth + 1)
    }
    case Kind.CONST:
    case Kind.VOLATILE:
    case Kind.RESTRICT: {
      const word = qualifiers[kind]!
      if (btf.kind(target) === Kind.PTR) return declare(btf, target, join(word, inner), depth + 1)
      return `${word} ${declare(btf, target, inner, depth + 1)}`
    }
    case Kind.TYPE_TAG:
      return `${declare(btf, target, inner, depth + 1)} [${btf.name(id)}]`
    case Kind.DECL_TAG:
      return `tag ${btf.name(id)} of ${declare(btf, target, inner, depth + 1)}`
    case Kind.ARRAY:
      return declare(btf, btf.word(id, 3), `${inner}[${btf.word(id, 5)}]`, depth + 1)
    case Kind.FUNC_PROTO:
      return declare(btf, target, `${inner}(${parameters(btf, id, depth)})`, depth + 1)
    default:
      return join(leaf(btf, id, kind), inner)
  }
}

function join(text: string, inner: string): string {
  return inner === '' || inner.startsWith('[') ? text + inner : `${text} ${inner}`
}

function leaf(btf: Btf, id: number, kind: number): string {
  const name = btf.name(id)
  if (kind === Kind.FWD) return `${btf.kindFlag(id) ? 'union' : 'struct'} ${name} (forward)`
  const keyword = keywords[kind]
  if (name !== '') return keyword === undefined ? name : `${keyword} ${name}`
  return `${keyword ?? kindNames[kind] ?? `kind ${kind}`} {${entries(btf, id, kind)}}`
}

/** Names of the first members or values of an anonymous type, which are all there is to know it by. */
function entries(btf: Btf, id: number, kind: number): string {
  const step = entryWords[kind] ?? 0
  if (step === 0) return ''
  return list(btf.vlen(id), (entry) => btf.stringAt(btf.word(id, commonWords + entry * step)) ?? '')
}

function parameters(btf: Btf, id: number, depth: number): string {
  const count = btf.vlen(id)
  if (count === 0) return 'void'
  return list(count, (entry) => {
    const type = btf.word(id, commonWords + entry * 2 + 1)
    return type === 0 ? '...' : declare(btf, type, '', depth + 1)
  })
}

function list(count: number, nth: (entry: number) => string): string {
  const shown = Array.from({ length: Math.min(count, limits.list) }, (_, entry) => nth(entry))
  if (count > limits.list) shown.push('…')
  return shown.join(', ')
}
