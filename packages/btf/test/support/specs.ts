import { entryWords, fixedWords, Kind, thirdWordIsType } from '../../src/kinds.js'
import { Builder } from '../build.js'

/*
 * Bases that are near each other and modules on them, written as lists of types that refer to each other by key. A type
 * keeps its key when others come or go, so that ids follow from the order of the list alone.
 */

/** A text, and which of the places where it stands is used. */
export interface Name {
  readonly text: string
  readonly pick: number
}
export interface Entry {
  readonly name: Name
  readonly to: number
  /** Offset word, value or offset. */
  readonly a: number
  readonly b: number
}
/** One type; each kind uses of this what it has. */
export interface Spec {
  readonly key: number
  readonly kind: number
  readonly name: Name
  readonly flag: boolean
  readonly size: number
  /** Encoding, linkage, component or number of elements. */
  readonly data: number
  readonly to: number
  readonly index: number
  readonly entries: readonly Entry[]
}
/** The texts of a string section, in order, without the empty one that it starts with. */
export type Layout = readonly string[]
export interface Base {
  readonly types: readonly Spec[]
  readonly layout: Layout
}
/** A module's own types (keys from {@link ownKey}) and texts; a `to` of {@link rawId} + n is the id n, whatever it denotes. */
export interface Module {
  readonly types: readonly Spec[]
  readonly layout: Layout
  /** String offsets put in place of names: [type, which of its names, offset]. */
  readonly offsets: readonly (readonly [number, number, number])[]
}

export const ownKey = 1_000
export const rawId = 1_000_000
/** A key of no type: the id is beyond every table. */
export const dangling = 999

const withSize = new Set<number>([
  Kind.INT,
  Kind.STRUCT,
  Kind.UNION,
  Kind.ENUM,
  Kind.DATASEC,
  Kind.FLOAT,
  Kind.ENUM64,
])
const withName = new Set<number>([
  Kind.INT,
  Kind.STRUCT,
  Kind.UNION,
  Kind.ENUM,
  Kind.FWD,
  Kind.TYPEDEF,
  Kind.FUNC,
  Kind.VAR,
  Kind.DATASEC,
  Kind.FLOAT,
  Kind.DECL_TAG,
  Kind.TYPE_TAG,
  Kind.ENUM64,
])
const withFlag = new Set<number>([
  Kind.STRUCT,
  Kind.UNION,
  Kind.ENUM,
  Kind.ENUM64,
  Kind.FWD,
  Kind.DECL_TAG,
  Kind.TYPE_TAG,
])

class Strings {
  private readonly places = new Map<string, number[]>()

  constructor(
    private readonly builder: Builder,
    start: number,
    layout: Layout,
    readonly below: Strings | null,
  ) {
    if (start === 0) this.note(0, '')
    for (const text of layout) {
      const at = builder.str(text)
      for (let from = 0; from <= text.length; from++) this.note(at + from, text.slice(from))
    }
  }

  private note(at: number, text: string): void {
    this.places.set(text, [...(this.places.get(text) ?? []), at])
  }

  private all(text: string): number[] {
    return [...(this.below?.all(text) ?? []), ...(this.places.get(text) ?? [])]
  }

  offset({ text, pick }: Name): number {
    const places = this.all(text)
    return places.length > 0 ? places[pick % places.length]! : this.builder.str(text)
  }
}

function write(
  builder: Builder,
  spec: Spec,
  idOf: (key: number) => number,
  offsetOf: (name: Name) => number,
): void {
  const { kind } = spec
  const rest: number[] = []
  if (kind === Kind.ARRAY) rest.push(idOf(spec.to), idOf(spec.index), spec.data)
  else if (fixedWords[kind]! > 0) rest.push(spec.data)
  const step = entryWords[kind]!
  for (const entry of step > 0 ? spec.entries : []) {
    if (kind === Kind.DATASEC) rest.push(idOf(entry.to), entry.a, entry.b)
    else if (kind === Kind.ENUM) rest.push(offsetOf(entry.name), entry.a)
    else if (kind === Kind.ENUM64) rest.push(offsetOf(entry.name), entry.a, entry.b)
    else {
      rest.push(offsetOf(entry.name), idOf(entry.to))
      if (kind !== Kind.FUNC_PROTO) rest.push(entry.a)
    }
  }
  builder.add({
    kind,
    name: withName.has(kind) ? offsetOf(spec.name) : 0,
    flag: withFlag.has(kind) && spec.flag,
    vlen: step > 0 ? spec.entries.length : kind === Kind.FUNC ? spec.data % 3 : 0,
    third: thirdWordIsType(kind) ? idOf(spec.to) : withSize.has(kind) ? spec.size : 0,
    rest,
  })
}

/** The bytes of a base, and the id of each key. */
export function writeBase(base: Base, bigEndian = false) {
  const builder = new Builder()
  const strings = new Strings(builder, 0, base.layout, null)
  const ids = new Map(base.types.map(({ key }, at) => [key, at + 1]))
  const lost = (key: number): number => (key === dangling ? 0xfffff : 0)
  for (const spec of base.types) {
    write(
      builder,
      spec,
      (key) => ids.get(key) ?? lost(key),
      (name) => strings.offset(name),
    )
  }
  const bytes = builder.bytes({ bigEndian })
  const stringsEnd = base.layout.reduce((end, text) => end + text.length + 1, 1)
  return { bytes, ids, strings, stringsEnd }
}

/** The bytes of a module as it is built on a base. */
export function writeModule(module: Module, origin: Base, bigEndian = false): Uint8Array {
  const below = writeBase(origin)
  const builder = new Builder(below.stringsEnd)
  const strings = new Strings(builder, below.stringsEnd, module.layout, below.strings)
  const ids = new Map(below.ids)
  for (const [at, { key }] of module.types.entries()) ids.set(key, origin.types.length + 1 + at)
  const raw = (key: number): number => (key >= rawId ? key - rawId : key === dangling ? 0xfffff : 0)
  for (const [at, spec] of module.types.entries()) {
    const patches = new Map(
      module.offsets.filter(([type]) => type === at).map(([, which, offset]) => [which, offset]),
    )
    let nth = 0
    write(
      builder,
      spec,
      (key) => ids.get(key) ?? raw(key),
      (name) => patches.get(nth++) ?? strings.offset(name),
    )
  }
  return builder.bytes({ bigEndian })
}
