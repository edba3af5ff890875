import { Kind, readBtf } from '@basedrift/btf'
import { describe, expect, it } from 'vitest'
import { Builder } from '../../btf/test/build.js'
import { DefinitionDiffs } from '../src/drift/c-diff.js'

type Member = readonly [name: string, bits: number]

/** A base whose second type is a struct with these members, all int. */
function structOf(size: number, members: readonly Member[]) {
  const btf = new Builder()
  btf.add({ kind: Kind.INT, name: btf.str('int'), third: 4, rest: [(1 << 24) | 32] })
  const rest = members.flatMap(([name, bits]) => [btf.str(name), 1, bits])
  btf.add({ kind: Kind.STRUCT, name: btf.str('pot'), vlen: members.length, third: size, rest })
  return readBtf(btf.bytes())
}
const ints = (names: string): Member[] => Array.from(names, (name, index) => [name, index * 32])
const between = (a: ReturnType<typeof structOf>, b: ReturnType<typeof structOf>) =>
  new DefinitionDiffs(a, b, 1).of(2, 2)

describe('the difference of two definitions', () => {
  it('shows what came, and counts what only moved', () => {
    const { diff, moved } = between(structOf(40, ints('abcdefghij')), structOf(44, ints('abxcdefghij')))
    expect(diff?.split('\n')).toEqual([
      '--- A',
      '+++ B',
      '@@ -1,6 +1,7 @@',
      ' struct pot {',
      ' \tint a;                                          /*     0        4 */',
      ' \tint b;                                          /*     4        4 */',
      '+\tint x;                                          /*     8        4 */',
      ' \tint c;                                          /*    12        4 */',
      ' \tint d;                                          /*    16        4 */',
      ' \tint e;                                          /*    20        4 */',
      '@@ -9,5 +10,5 @@',
      ' \tint h;                                          /*    32        4 */',
      ' \tint i;                                          /*    36        4 */',
      ' \tint j;                                          /*    40        4 */',
      '-\t/* size: 40, members: 10 */',
      '+\t/* size: 44, members: 11 */',
      ' };',
    ])
    expect(moved).toBe(8)
  })

  it('shows offsets where nothing but offsets differs', () => {
    const { diff, moved } = between(
      structOf(8, [
        ['a', 32],
        ['b', 0],
      ]),
      structOf(8, [
        ['a', 32],
        ['b', 8],
      ]),
    )
    expect(diff).toContain('-\tint b;                                          /*     0        4 */')
    expect(diff).toContain('+\tint b;                                          /*     1        4 */')
    expect(moved).toBe(0)
  })

  it('is made for no more definitions than asked, and for none that have nothing in common', () => {
    const [a, b] = [structOf(8, ints('ab')), structOf(12, ints('abc'))]
    const diffs = new DefinitionDiffs(a, b, 1)
    expect(diffs.of(2, 2).diff).not.toBeNull()
    expect(diffs.of(2, 2)).toEqual({ diff: null, moved: 0 })
    const many = (prefix: string): Member[] =>
      Array.from({ length: 3000 }, (_, at) => [`${prefix}${at}`, at * 32])
    expect(between(structOf(12000, many('old')), structOf(12000, many('new')))).toEqual({
      diff: null,
      moved: 0,
    })
  })

  it('agrees with the definitions line by line', () => {
    const names = 'abcdefghijklmnopqrst'
    for (let at = 0; at < names.length; at++) {
      const without = `${names.slice(0, at)}${names.slice(at + 1)}`
      const { diff, moved } = between(structOf(80, ints(names)), structOf(80, ints(without)))
      const changes = diff!.split('\n').filter((line) => /^[+-]\t/.test(line))
      expect(changes).toHaveLength(4)
      expect(moved).toBe(names.length - 1 - at)
    }
  })
})
