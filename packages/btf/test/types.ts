import { type Btf, Kind, readBtf } from '../src/index.js'
import { Builder } from './build.js'

/** A member: name (null for none), type, first bit, and the width of a bit field. */
export type MemberSpec = readonly [name: string | null, type: number, bit: number, bits?: number]

/** Writes types by hand, for tests: each call adds one and gives its id. */
export class Types {
  private readonly builder: Builder
  private next: number

  constructor(startStr = 0, startId = 1) {
    this.builder = new Builder(startStr)
    this.next = startId
  }

  btf(base?: Btf): Btf {
    return readBtf(this.bytes(), base)
  }

  bytes(): Uint8Array {
    return this.builder.bytes()
  }

  int(name: string, size: number, encoding = 0, bits = size * 8): number {
    return this.add(Kind.INT, name, size, [(encoding << 24) | bits])
  }

  float(name: string, size: number): number {
    return this.add(Kind.FLOAT, name, size)
  }

  ptr(type: number): number {
    return this.add(Kind.PTR, null, type)
  }

  array(type: number, count: number): number {
    return this.add(Kind.ARRAY, null, 0, [type, 1, count])
  }

  /** A qualifier or type tag. */
  modified(kind: number, type: number, name: string | null = null): number {
    return this.add(kind, name, type)
  }

  typedef(name: string, type: number): number {
    return this.add(Kind.TYPEDEF, name, type)
  }

  struct(name: string | null, size: number, ...members: MemberSpec[]): number {
    return this.composite(Kind.STRUCT, name, size, members)
  }

  union(name: string | null, size: number, ...members: MemberSpec[]): number {
    return this.composite(Kind.UNION, name, size, members)
  }

  forward(name: string, isUnion = false): number {
    return this.add(Kind.FWD, name, 0, [], 0, isUnion)
  }

  enum32(
    name: string | null,
    size: number,
    values: Readonly<Record<string, number>>,
    isSigned = false,
  ): number {
    const rest = Object.entries(values).flatMap(([key, value]) => [this.str(key), value >>> 0])
    return this.add(Kind.ENUM, name, size, rest, rest.length / 2, isSigned)
  }

  enum64(
    name: string | null,
    size: number,
    values: Readonly<Record<string, bigint>>,
    isSigned = false,
  ): number {
    const rest = Object.entries(values).flatMap(([key, value]) => [
      this.str(key),
      Number(BigInt.asUintN(32, value)),
      Number(BigInt.asUintN(32, value >> 32n)),
    ])
    return this.add(Kind.ENUM64, name, size, rest, rest.length / 3, isSigned)
  }

  proto(type: number, ...parameters: (readonly [name: string | null, type: number])[]): number {
    const rest = parameters.flatMap(([name, parameter]) => [name === null ? 0 : this.str(name), parameter])
    return this.add(Kind.FUNC_PROTO, null, type, rest, parameters.length)
  }

  add(
    kind: number,
    name: string | null,
    third: number,
    rest: readonly number[] = [],
    vlen = 0,
    flag = false,
  ): number {
    this.builder.add({ kind, name: name === null ? 0 : this.str(name), vlen, flag, third, rest })
    return this.next++
  }

  private composite(kind: number, name: string | null, size: number, members: readonly MemberSpec[]): number {
    const flag = members.some(([, , , bits]) => bits !== undefined)
    const rest = members.flatMap(([member, type, bit, bits = 0]) => [
      member === null ? 0 : this.str(member),
      type,
      flag ? ((bits << 24) | bit) >>> 0 : bit,
    ])
    return this.add(kind, name, size, rest, members.length, flag)
  }

  private str(text: string): number {
    return text === '' ? 0 : this.builder.str(text)
  }
}
