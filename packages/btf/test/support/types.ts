import { Kind } from '../../src/index.js'
import { Builder, type Record } from '../build.js'

/** Adds types to a base or a module. */
export type Types = (b: Builder) => void
export const written = (types: Types): Uint8Array => {
  const b = new Builder()
  types(b)
  return b.bytes()
}

export const named =
  (kind: number, name: string, more: Partial<Record> = {}): Types =>
  (b) =>
    void b.add({ kind, name: name === '' ? 0 : b.str(name), ...more })
export const bare = (kind: number, more: Partial<Record> = {}): Types => named(kind, '', more)
export const all =
  (...types: readonly Types[]): Types =>
  (b) => {
    for (const add of types) add(b)
  }
export const ref = (kind: number, third: number): Types => bare(kind, { third })
export const ptr = (third: number): Types => ref(Kind.PTR, third)
export const array = (element: number, count = 2, index = 0): Types =>
  bare(Kind.ARRAY, { rest: [element, index, count] })

export interface Member {
  readonly name?: string
  readonly type: number
  readonly at?: number
}
export interface Shape {
  readonly kind?: number
  readonly size?: number
  readonly flag?: boolean
}
export const struct =
  (
    name: string,
    members: readonly Member[],
    { kind = Kind.STRUCT, size = 8, flag = false }: Shape = {},
  ): Types =>
  (b) => {
    const rest = members.flatMap(({ name: of = '', type, at = 0 }) => [of === '' ? 0 : b.str(of), type, at])
    b.add({ kind, name: name === '' ? 0 : b.str(name), third: size, flag, vlen: members.length, rest })
  }
export const proto =
  (result: number, ...params: readonly Member[]): Types =>
  (b) =>
    void b.add({
      kind: Kind.FUNC_PROTO,
      third: result,
      vlen: params.length,
      rest: params.flatMap(({ name = '', type }) => [name === '' ? 0 : b.str(name), type]),
    })
export const enumeration =
  (name: string, values: readonly (readonly [string, ...number[]])[], more: Partial<Record> = {}): Types =>
  (b) =>
    void b.add({
      kind: Kind.ENUM,
      name: name === '' ? 0 : b.str(name),
      third: 4,
      vlen: values.length,
      rest: values.flatMap(([of, ...words]) => [b.str(of), ...words]),
      ...more,
    })
export const int = (name: string, size = 4, encoding = 0): Types =>
  named(Kind.INT, name, { third: size, rest: [(encoding << 24) | (size * 8)] })
export const tag = (kind: number, value: string, third: number, more: Partial<Record> = {}): Types =>
  named(kind, value, { third, ...more })
export const s = (size: number): Types => struct('s', [], { size })
