import fc from 'fast-check'
import type { Btf } from '../src/index.js'
import { type MemberSpec, Types } from './types.js'

/** How one member is chosen: its type among those that there are, its distance from the one before, and its form. */
const member = fc.record({
  type: fc.nat(),
  gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(9), fc.nat(80)),
  /** Whether it starts at a multiple of its size, or wherever it comes. */
  aligned: fc.boolean(),
  form: fc.constantFrom('plain', 'plain', 'bits', 'array', 'pointer', 'anonymous'),
  width: fc.nat(63),
})
const composite = fc.record({
  isUnion: fc.boolean(),
  isNamed: fc.boolean(),
  members: fc.array(member, { maxLength: 6 }),
  tail: fc.oneof(fc.constant(0), fc.nat(24)),
  roundTail: fc.boolean(),
})

/**
 * A BTF of structs and unions whose members come one after the other, at any offsets, packed or with holes, as a compiler
 * could be told to lay them out.
 */
export function anyStructs(least: number, most: number): fc.Arbitrary<Btf> {
  return fc.array(composite, { minLength: least, maxLength: most }).map(build)
}

type Spec = typeof composite extends fc.Arbitrary<infer T> ? T : never

function build(specs: readonly Spec[]): Btf {
  const types = new Types()
  const sizes = new Map<number, number>()
  const numbers: number[] = []
  for (const [name, size] of [
    ['long int', 8],
    ['unsigned int', 4],
    ['short int', 2],
    ['char', 1],
    ['__int128', 16],
  ] as const) {
    const id = types.int(name, size, 1)
    sizes.set(id, size)
    numbers.push(id)
  }
  const ends: number[] = [...numbers]
  const anonymous: number[] = []
  for (const [at, { isUnion, isNamed, members, tail, roundTail }] of specs.entries()) {
    const specsOfMembers: MemberSpec[] = []
    let free = 0
    let end = 0
    for (const [index, { type, gap, aligned, form, width }] of members.entries()) {
      let id = form === 'bits' ? numbers[type % 4]! : ends[type % ends.length]!
      let name: string | null = `m${index}`
      if (form === 'anonymous' && anonymous.length > 0) {
        // Each is written out once, so that names of members stay apart.
        id = anonymous.pop()!
        name = null
      }
      let size = sizes.get(id)!
      if (form === 'array') {
        id = types.array(id, (width % 4) + (size === 0 ? 0 : 1))
        size *= (width % 4) + 1
      }
      if (form === 'pointer') {
        id = types.ptr(id)
        size = 8
      }
      const bits = form === 'bits' ? 1 + (width % (size * 8)) : 0
      let from = isUnion ? 0 : free + gap
      if (bits === 0) from = Math.ceil(from / 8) * 8
      if (bits === 0 && aligned && size > 0) {
        const unit = Math.min(size & -size, 16) * 8
        from = isUnion ? 0 : Math.ceil(from / unit) * unit
      }
      specsOfMembers.push([name, id, from, bits])
      free = from + (bits === 0 ? size * 8 : bits)
      end = Math.max(end, free)
    }
    let size = Math.ceil(end / 8) + tail
    if (roundTail) size = Math.ceil(size / 8) * 8
    const own = isNamed ? `s${at}` : null
    // Members of an anonymous one have names of their own.
    const unique = isNamed
      ? specsOfMembers
      : specsOfMembers.map(
          ([name, ...rest]): MemberSpec => [name === null ? null : `${name}_of_${at}`, ...rest],
        )
    const id = isUnion ? types.union(own, size, ...unique) : types.struct(own, size, ...unique)
    sizes.set(id, size)
    if (isNamed) ends.push(id)
    else anonymous.push(id)
  }
  return types.btf()
}
