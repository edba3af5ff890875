/*
 * What a split BTF's references denote in two bases, decided the slow and obvious way: types are decoded one by one into
 * plain values, and each question walks the graph anew. Nothing of the engine is used, so that it can be checked against this.
 */

/** A type, or `void`, or what an id beyond every table denotes. */
export interface Type {
  /** Unique over all sides. */
  readonly key: string
  readonly side: Side
  readonly id: number
  readonly kind: string
  readonly name: string
  /** All that is no reference and no name of the type itself, as text. */
  readonly data: string
  /** Type ids in the record, in its order, with the word that each is in. */
  readonly refs: readonly Ref[]
  /** String offsets in the record, in its order. */
  readonly strings: readonly Ref[]
}
export interface Ref {
  readonly value: number
  readonly word: number
  /** Whether the type holds by value what this refers to. */
  readonly held: boolean
  /** The name of the member; empty where there is none. */
  readonly member: string
}

/** A base, or a module read on a base. */
export interface Side {
  readonly base: Side | null
  readonly startId: number
  readonly own: readonly Type[]
  readonly startStr: number
  readonly bytes: Uint8Array
  readonly label: string
}

const kinds =
  'VOID INT PTR ARRAY STRUCT UNION ENUM FWD TYPEDEF VOLATILE CONST RESTRICT FUNC FUNC_PROTO VAR DATASEC FLOAT DECL_TAG TYPE_TAG ENUM64'.split(
    ' ',
  )
const fixedOf: Readonly<Record<string, number>> = { INT: 1, ARRAY: 3, VAR: 1, DECL_TAG: 1 }
const entryOf: Readonly<Record<string, number>> = {
  STRUCT: 3,
  UNION: 3,
  ENUM: 2,
  FUNC_PROTO: 2,
  DATASEC: 3,
  ENUM64: 3,
}
const byName = new Set('INT FLOAT STRUCT UNION ENUM ENUM64 FWD TYPEDEF FUNC VAR DATASEC'.split(' '))
const oneTarget = new Set(
  'PTR TYPEDEF VOLATILE CONST RESTRICT FUNC FUNC_PROTO VAR DECL_TAG TYPE_TAG'.split(' '),
)
const holdsTarget = new Set('TYPEDEF VOLATILE CONST RESTRICT TYPE_TAG'.split(' '))

let sides = 0

/** Decodes well-formed BTF of either byte order. */
export function readSlow(bytes: Uint8Array, base: Side | null = null): Side {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const little = bytes[0] === 0x9f
  const u32 = (at: number): number => view.getUint32(at, little)
  const header = u32(4)
  const types = header + u32(8)
  const typesEnd = types + u32(12)
  const strings = header + u32(16)
  const own: Type[] = []
  const side: Side = {
    base,
    startId: base === null ? 1 : base.startId + base.own.length,
    own,
    startStr: base === null ? 0 : base.startStr + base.bytes.length,
    bytes: bytes.subarray(strings, strings + u32(20)),
    label: String(sides++),
  }
  for (let at = types; at < typesEnd; ) {
    const kind = kinds[(u32(at + 4) >>> 24) & 0x7f]!
    const vlen = u32(at + 4) & 0xffffff
    const length = 3 + (fixedOf[kind] ?? 0) + (entryOf[kind] ?? 0) * vlen
    const words = Array.from({ length }, (_, word) => u32(at + word * 4))
    own.push(decode(side, side.startId + own.length, kind, words))
    at += length * 4
  }
  return side
}

function decode(side: Side, id: number, kind: string, words: readonly number[]): Type {
  const info = words[1]!
  const flag = info >>> 31 === 1
  const vlen = info & 0xffffff
  // What lies beyond every table is a name like no other, and the same everywhere.
  const text = (word: number): string => textAt(side, words[word]!) ?? '\0'
  const refs: Ref[] = []
  const strings: Ref[] = [{ value: words[0]!, word: 0, held: false, member: '' }]
  const data: unknown[] = []
  const refer = (word: number, held: boolean, member = ''): void =>
    void refs.push({ value: words[word]!, word, held, member })
  const named = (word: number): string => {
    strings.push({ value: words[word]!, word, held: false, member: '' })
    return text(word)
  }
  if (oneTarget.has(kind)) refer(2, holdsTarget.has(kind))
  else if (kind !== 'FWD' && kind !== 'ARRAY') data.push(words[2])
  if (kind !== 'STRUCT' && kind !== 'UNION') data.push(flag)
  if (kind === 'FUNC') data.push(vlen)
  if (kind === 'INT' || kind === 'VAR' || kind === 'DECL_TAG') data.push(words[3])
  if (kind === 'ARRAY') {
    refer(3, true)
    refer(4, false)
    data.push(words[5])
  }
  const step = entryOf[kind] ?? 0
  for (let entry = 0, at = 3; step > 0 && entry < vlen; entry++, at += step) {
    if (kind === 'STRUCT' || kind === 'UNION') {
      const member = named(at)
      refer(at + 1, true, member)
      const where = words[at + 2]!
      data.push([member, flag ? where & 0xffffff : where, flag ? where >>> 24 : 0])
    } else if (kind === 'FUNC_PROTO') {
      data.push(named(at))
      refer(at + 1, false)
    } else if (kind === 'DATASEC') {
      refer(at, false)
      data.push([words[at + 1], words[at + 2]])
    } else data.push([named(at), ...words.slice(at + 1, at + step)])
  }
  return {
    key: `${side.label}:${id}`,
    side,
    id,
    kind,
    name: text(0),
    data: JSON.stringify(data),
    refs,
    strings,
  }
}

/** The string at an offset, one character a byte; null beyond every table. */
export function textAt(side: Side, offset: number): string | null {
  if (offset < side.startStr) return textAt(side.base!, offset)
  const from = offset - side.startStr
  if (from >= side.bytes.length) return null
  let text = ''
  for (let at = from; at < side.bytes.length && side.bytes[at] !== 0; at++)
    text += String.fromCharCode(side.bytes[at]!)
  return text
}

/** What an id denotes on a side. */
export function typeAt(side: Side, id: number): Type {
  if (id > 0 && id < side.startId) return typeAt(side.base!, id)
  const own = id === 0 ? undefined : side.own[id - side.startId]
  if (own !== undefined) return own
  const kind = id === 0 ? 'VOID' : 'NOTHING'
  return { key: kind, side, id, kind, name: '', data: '', refs: [], strings: [] }
}

/** Whether a type is told by kind and name alone. */
export function isNamed(type: Type): boolean {
  return byName.has(type.kind) && type.name !== ''
}

function targets(a: Type, b: Type): [Type, Type][] {
  return a.refs.map((ref, at) => [typeAt(a.side, ref.value), typeAt(b.side, b.refs[at]!.value)])
}

/**
 * Whether two types are the same entity: named types when kind and name agree (and the flag of FWD), others when all that
 * they are made of does. A pair that is met again is taken to be the same: only a difference somewhere tells them apart.
 */
export function sameEntity(a: Type, b: Type): boolean {
  const assumed = new Set<string>()
  const todo: [Type, Type][] = [[a, b]]
  for (let pair = todo.pop(); pair !== undefined; pair = todo.pop()) {
    const [one, other] = pair
    const key = `${one.key} ${other.key}`
    if (assumed.has(key)) continue
    assumed.add(key)
    if (one.kind !== other.kind || isNamed(one) !== isNamed(other)) return false
    if (isNamed(one)) {
      if (one.name !== other.name) return false
      if (one.kind === 'FWD' && one.data !== other.data) return false
      continue
    }
    if (one.kind.endsWith('_TAG') && one.name !== other.name) return false
    if (one.data !== other.data || one.refs.length !== other.refs.length) return false
    todo.push(...targets(one, other))
  }
  return true
}

/** Whether two types are defined the same: the same entity, and what their own records say agrees, references by entity. */
export function sameDefinition(a: Type, b: Type): boolean {
  return (
    sameEntity(a, b) &&
    a.data === b.data &&
    a.refs.length === b.refs.length &&
    targets(a, b).every(([one, other]) => sameEntity(one, other))
  )
}

/** Whether two types are defined the same, and so is everything that they hold by value. */
export function sameSlice(a: Type, b: Type): boolean {
  const seen = new Set<string>()
  const todo: [Type, Type][] = [[a, b]]
  for (let pair = todo.pop(); pair !== undefined; pair = todo.pop()) {
    const [one, other] = pair
    const key = `${one.key} ${other.key}`
    if (seen.has(key)) continue
    seen.add(key)
    if (!sameDefinition(one, other)) return false
    todo.push(...targets(one, other).filter((_, at) => one.refs[at]!.held))
  }
  return true
}

/**
 * The pairs of named types that a module's slice consists of, from one reference that denotes `a` in the origin base and
 * the same entity `b` in the running one. Below types that are defined differently, a
 * member pairs with the first one of its name and entity.
 */
export function slicePairs(a: Type, b: Type, seen = new Set<string>()): [Type, Type][] {
  const found: [Type, Type][] = []
  const todo: [Type, Type, boolean][] = [[a, b, false]]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [one, other, byValue] = next
    const key = `${one.key} ${other.key} ${byValue}`
    if (seen.has(key)) continue
    seen.add(key)
    const named = isNamed(one)
    if (named) found.push([one, other])
    if (!named && !byValue) for (const [x, y] of targets(one, other)) todo.push([x, y, false])
    else for (const [x, y] of heldPairs(one, other)) todo.push([x, y, true])
  }
  return found
}

function heldPairs(a: Type, b: Type): [Type, Type][] {
  if (sameDefinition(a, b)) return targets(a, b).filter((_, at) => a.refs[at]!.held)
  return a.refs.flatMap((ref): [Type, Type][] => {
    const type = typeAt(a.side, ref.value)
    const match = b.refs
      .filter((candidate) => ref.held && candidate.held && candidate.member === ref.member)
      .map((candidate) => typeAt(b.side, candidate.value))
      .find((candidate) => sameEntity(type, candidate))
    return match === undefined ? [] : [[type, match]]
  })
}

export interface SlowBound {
  /** `INDEX.WORD type|name VALUE` of each reference that denotes something else, in the order of records. */
  readonly misbound: readonly string[]
  /** Ids, as in the origin base, of the types of the slice that are defined differently, ascending. */
  readonly changed: readonly number[]
  readonly verdict: 'compatible' | 'changed' | 'misread'
}

/**
 * Binds each reference of a module in both bases. A reference to the module's own record that lands on the same record
 * again is the same: what that record says is looked at in its own place.
 */
export function bindSlow(origin: Side, running: Side, module: Uint8Array): SlowBound {
  const before = readSlow(module, origin)
  const after = readSlow(module, running)
  const misbound: string[] = []
  const changed = new Set<number>()
  const seen = new Set<string>()
  for (const [index, record] of before.own.entries()) {
    for (const { value, word } of record.strings) {
      if (textAt(before, value) !== textAt(after, value)) misbound.push(`${index}.${word} name ${value}`)
    }
    for (const { value, word } of record.refs) {
      const was = typeAt(before, value)
      const is = typeAt(after, value)
      const sameRecord =
        was.side === before &&
        is.side === after &&
        was.id - before.startId === is.id - after.startId &&
        was.kind !== 'VOID' &&
        was.kind !== 'NOTHING'
      if (sameRecord) continue
      if (!sameEntity(was, is)) misbound.push(`${index}.${word} type ${value}`)
      else for (const [a, b] of slicePairs(was, is, seen)) if (!sameDefinition(a, b)) changed.add(a.id)
    }
  }
  return {
    misbound,
    changed: [...changed].sort((a, b) => a - b),
    verdict: misbound.length > 0 ? 'misread' : changed.size > 0 ? 'changed' : 'compatible',
  }
}
