import { type KernelAnswer, type KernelReasonCode, Kind, prepareBase, type RunningBase } from '@basedrift/btf'
import { describe, expect, test } from 'vitest'
import { Builder } from '../../btf/test/build.js'
import { type Judgement, judge, OriginBase, type StampClaim } from '../src/index.js'
import { refusalOf } from '../src/pure/decide.js'
import { vectorBytes } from './support/vectors.js'

const rules = { version: '6.1.192', allowBtfMismatch: false }
const baseOf = (build: string): RunningBase => prepareBase(vectorBytes(`base-${build}.btf`))
const originOf = (build: string): OriginBase => new OriginBase(build, baseOf(build))
const module = (file: string) => ({ name: 'm', btf: vectorBytes(`${file}.btf`), distilled: null })

/** A module of the vectors on the base of a build, under what is said of its origin. */
const verdictOn = (file: string, running: string, origin: OriginBase | null, maxFindings = 20): Judgement =>
  judge(module(file), baseOf(running), { runningSha256: running, origin, rules, maxFindings })

describe('a module that the kernel accepts', () => {
  test('is compatible on the base it was built on', () => {
    expect(verdictOn('saucer-1.1', '1.1', originOf('1.1'))).toEqual({
      verdict: 'compatible',
      basis: 'same-base',
      errno: 0,
      log: [],
    })
  })

  test('is misread on another, with what it binds to', () => {
    const { misbound, ...found } = verdictOn('saucer-1.3', '1.1', originOf('1.3'))
    expect(found).toEqual({ verdict: 'misread', basis: 'misbound', errno: 0, log: [], misboundTotal: 7 })
    expect(misbound).toHaveLength(7)
    expect(verdictOn('saucer-1.3', '1.1', originOf('1.3'), 2).misbound).toEqual(misbound?.slice(0, 2))
  })

  test('is misread on another where nothing is said of its origin, by its strings alone', () => {
    expect(verdictOn('saucer-1.3', '1.1', null)).toMatchObject({
      verdict: 'misread',
      basis: 'origin-length',
      reason: { code: 'origin-length', expected: expect.any(String), actual: expect.any(String) },
    })
  })

  test('is not taken for what is said of it against its own strings', () => {
    expect(verdictOn('saucer-1.3', '1.1', originOf('1.1'))).toMatchObject({
      verdict: 'misread',
      basis: 'origin-length',
    })
    expect(verdictOn('saucer-1.1', '1.1', originOf('1.3'))).toMatchObject({
      verdict: 'unknown',
      basis: 'no-origin',
      reason: { code: 'origin-contradicted' },
    })
  })

  test('stays unknown where nothing decides', () => {
    const unknown = { verdict: 'unknown', basis: 'no-origin', errno: 0, log: [] }
    expect(verdictOn('saucer-1.1', '1.1', null)).toEqual(unknown)
    // The base that it is said to be of is not at hand.
    expect(verdictOn('saucer-1.1', '1.1', new OriginBase('elsewhere', null))).toEqual(unknown)
  })
})

describe('a stamped module', () => {
  const claim = (build: string, change: object = {}) => {
    const { typeCount, stringsLength } = baseOf(build).btf!
    return { sha256: build, types: typeCount, strings: stringsLength, ...change }
  }
  const stamped = (
    file: string,
    running: string,
    stamp: StampClaim,
    origin: OriginBase | null = null,
  ): Judgement => judge(module(file), baseOf(running), { runningSha256: running, origin, stamp, rules })

  test('is compatible on the base that its stamp names', () => {
    expect(stamped('saucer-1.1', '1.1', claim('1.1'))).toMatchObject({
      verdict: 'compatible',
      basis: 'same-base',
    })
    // What is said of its origin otherwise does not count.
    expect(stamped('saucer-1.1', '1.1', claim('1.1'), originOf('1.3'))).toMatchObject({
      verdict: 'compatible',
    })
  })

  test('is compared with the base that its stamp names where that is at hand', () => {
    expect(stamped('saucer-1.3', '1.1', claim('1.3'), originOf('1.3'))).toMatchObject({
      verdict: 'misread',
      basis: 'misbound',
    })
  })

  test('is unknown where the base that its stamp names is not at hand, and says which it is', () => {
    const elsewhere = claim('1.1', { sha256: 'elsewhere' })
    expect(stamped('saucer-1.1', '1.1', elsewhere, originOf('1.1'))).toEqual({
      verdict: 'unknown',
      basis: 'no-origin',
      errno: 0,
      log: [],
      reason: {
        code: 'stamped-origin-absent',
        path: '.note.basedrift.origin',
        expected: 'base elsewhere (41 types, 287 bytes of strings)',
      },
    })
    // Its own strings still tell that the running base is not that one.
    expect(stamped('saucer-1.3', '1.1', claim('1.3'))).toMatchObject({
      verdict: 'misread',
      basis: 'origin-length',
    })
  })

  test('is an error where its BTF contradicts the stamp', () => {
    for (const [stamp, actual] of [
      [claim('1.3'), 'a base with 287 bytes of strings'],
      [claim('1.1', { sha256: 'elsewhere', types: 3 }), expect.any(String)],
      [claim('1.1', { types: 40 }), '40 types, 287 bytes of strings'],
    ] as const) {
      expect(stamped('saucer-1.1', '1.1', stamp)).toMatchObject({
        verdict: 'error',
        basis: 'stamp-contradicts',
        reason: { code: 'stamp-contradicts', path: '.note.basedrift.origin', actual },
      })
    }
    // Also where the kernel refuses it: the module itself is wrong.
    expect(stamped('teapot-1.1', '1.3', claim('1.3'))).toMatchObject({ verdict: 'error' })
    expect(stamped('teapot-1.1', '1.3', claim('1.1'))).toMatchObject({ verdict: 'rejected' })
  })
})

/** A base with `int` and a struct of two; `late` changes what is behind or in it. */
const madeBase = ({ size = 8, second = 'b', other = 'other' } = {}): RunningBase => {
  const made = new Builder()
  const name = ['int', 'pair', 'a', second, other].map((text) => made.str(text)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  return prepareBase(
    made
      .add({ kind: Kind.INT, name: name[0], third: 4, rest: [32] })
      .add({ kind: Kind.STRUCT, name: name[1], vlen: 2, third: size, rest: [name[2], 1, 0, name[3], 1, 32] })
      .add({ kind: Kind.STRUCT, name: name[4], vlen: 1, third: 8, rest: [name[2], 1, 0] })
      .bytes(),
  )
}
/** A module with a pointer to type `id` of that base. */
const pointerTo = (id: number) => {
  const made = new Builder(madeBase().btf!.stringsEnd)
  const name = made.str('mine')
  const btf = made.add({ kind: Kind.PTR, third: id }).add({ kind: Kind.TYPEDEF, name, third: 4 }).bytes()
  return { name: 'm', btf, distilled: null }
}
const onOther = (id: number, running: RunningBase): Judgement =>
  judge(pointerTo(id), running, { runningSha256: 'r', origin: new OriginBase('o', madeBase()), rules })

describe('a module whose origin has other bytes than the running base', () => {
  test('is compatible where every reference binds to what it bound to', () => {
    expect(onOther(2, madeBase({ other: 'uther' }))).toMatchObject({
      verdict: 'compatible',
      basis: 'equivalent-binding',
    })
  })

  test('is changed where a type of its slice is defined otherwise', () => {
    expect(onOther(2, madeBase({ second: 'c' }))).toEqual({
      verdict: 'changed',
      basis: 'layout-change',
      errno: 0,
      log: [],
      changedTotal: 1,
      changed: [{ type: 'struct pair', from: 'typedef mine → ptr', originId: 2, runningId: 2 }],
    })
    expect(onOther(1, madeBase({ second: 'c' })).verdict).toBe('compatible')
  })

  test('is misread where another type stands there', () => {
    expect(onOther(3, madeBase({ other: 'uther' }))).toMatchObject({
      verdict: 'misread',
      misbound: [{ from: 'typedef mine → ptr', typeId: 3, expected: 'struct other', actual: 'struct uther' }],
    })
  })

  test('proves against a base by what nothing builds, where its strings have the same length', () => {
    const made = new Builder(madeBase().btf!.stringsEnd)
    const btf = made.add({ kind: Kind.FUNC, name: made.str('f'), third: 2 }).bytes()
    const context = { runningSha256: 'r', rules }
    const lone = { name: 'm', btf, distilled: null }
    const proved = { verdict: 'misread', basis: 'kind-nonsense', reason: { path: 'func f' } }
    expect(judge(lone, madeBase(), { ...context, origin: null })).toMatchObject(proved)
    // Even where the running base is said to be its origin.
    expect(judge(lone, madeBase(), { ...context, origin: new OriginBase('r', madeBase()) })).toMatchObject(
      proved,
    )
  })
})

/** A distilled base with struct `pair` of a size, and a module with a pointer to it. */
const distilledModule = (size: number, kind: number = Kind.STRUCT, flag = false) => {
  const base = new Builder()
  const distilled = base.add({ kind, name: base.str('pair'), third: size, flag }).bytes()
  const made = new Builder(6)
  const name = made.str('mine')
  const btf = made.add({ kind: Kind.PTR, third: 1 }).add({ kind: Kind.TYPEDEF, name, third: 2 }).bytes()
  return { name: 'm', btf, distilled }
}
const relocated = (module: ReturnType<typeof distilledModule>, origin: OriginBase | null, version = '6.12') =>
  judge(module, madeBase(), { runningSha256: 'r', origin, rules: { version, allowBtfMismatch: false } })

describe('a module with a distilled base', () => {
  test('is compatible where the kernel relocates it', () => {
    expect(relocated(distilledModule(8), null)).toMatchObject({ verdict: 'compatible', basis: 'relocated' })
  })

  test('is changed where a struct has another size now, or by its origin another definition', () => {
    const changed = { verdict: 'changed', basis: 'layout-change', changedTotal: 1 }
    expect(relocated(distilledModule(16), null)).toMatchObject(changed)
    const origin = (base: RunningBase) => new OriginBase('o', base)
    expect(relocated(distilledModule(8), origin(madeBase({ second: 'c' })))).toMatchObject(changed)
    expect(relocated(distilledModule(8), origin(madeBase())).verdict).toBe('compatible')
  })

  test('is changed where its origin has two of a name and size, and the kernel has one of them', () => {
    const both = new Builder()
    both.add({ kind: Kind.INT, name: both.str('int'), third: 4, rest: [32] })
    const [pair, a] = [both.str('pair'), both.str('a')]
    for (const second of [both.str('b'), both.str('c')])
      both.add({ kind: Kind.STRUCT, name: pair, vlen: 2, third: 8, rest: [a, 1, 0, second, 1, 32] })
    expect(relocated(distilledModule(8), new OriginBase('o', prepareBase(both.bytes())))).toMatchObject({
      verdict: 'changed',
      changed: [{ type: 'struct pair' }],
    })
  })

  test('is not compared with a base that lacks a type of its own, and says so', () => {
    // It has a struct of that name and another definition, of which nothing may be said.
    const wrong = madeBase({ second: 'c', size: 12 })
    expect(relocated(distilledModule(8), new OriginBase('o', wrong))).toEqual({
      verdict: 'compatible',
      basis: 'relocated',
      errno: 0,
      log: [],
      reason: {
        code: 'origin-contradicted',
        path: '.BTF.base',
        typeId: 1,
        expected: 'struct pair of 8 bytes',
      },
    })
    const two = distilledModule(8)
    const base = new Builder()
    base.add({ kind: Kind.STRUCT, name: base.str('pair'), third: 8 })
    base.add({ kind: Kind.STRUCT, name: base.str('other'), third: 8 })
    const made = new Builder(12)
    const name = made.str('mine')
    made.add({ kind: Kind.PTR, third: 1 }).add({ kind: Kind.TYPEDEF, name, third: 3 })
    const module = { ...two, btf: made.bytes(), distilled: base.bytes() }
    const lacksOther = new OriginBase('o', madeBase({ second: 'c', other: 'uther' }))
    expect(relocated(module, lacksOther)).toMatchObject({
      verdict: 'compatible',
      reason: { code: 'origin-contradicted', expected: 'struct other of 8 bytes' },
    })
  })

  test('is misread where the kernel maps a union to a struct of that name', () => {
    expect(relocated(distilledModule(8, Kind.UNION), null)).toMatchObject({
      verdict: 'misread',
      basis: 'misbound',
      misbound: [{ from: 'typedef mine → ptr', typeId: 1, expected: 'union pair', actual: 'struct pair' }],
    })
  })

  test('may have declared what is defined here, if as the same kind', () => {
    expect(relocated(distilledModule(0, Kind.FWD), null).verdict).toBe('compatible')
    expect(relocated(distilledModule(0, Kind.FWD, true), null)).toMatchObject({
      verdict: 'misread',
      misbound: [{ expected: 'union pair', actual: 'struct pair' }],
    })
  })

  test('is misread by a kernel that does not know of distilled bases', () => {
    expect(relocated(distilledModule(8), null, '6.10')).toMatchObject({
      verdict: 'misread',
      basis: 'misbound',
    })
  })
})

const refused = (outcome: KernelAnswer['outcome'], code: KernelReasonCode): KernelAnswer => ({
  outcome,
  errno: 22,
  log: ['failed to validate module [kettle] BTF: -22'],
  reason: { code, typeId: 7 },
})

describe('a module that the kernel does not accept', () => {
  test.each<[KernelAnswer, string, string]>([
    [refused('rejected', 'invalid-name'), 'rejected', 'kernel-check'],
    [refused('discarded', 'invalid-name'), 'discarded', 'kernel-check'],
    [refused('rejected', 'distilled-not-mapped'), 'rejected', 'relocation'],
    [refused('discarded', 'string-not-mapped'), 'discarded', 'relocation'],
    [refused('rejected', 'base-invalid'), 'rejected', 'kernel-check'],
    [refused('crashes', 'relocation-beyond-types'), 'crashes', 'kernel-crash'],
    [refused('crashes', 'relocation-endless'), 'crashes', 'kernel-hang'],
  ])('keeps what the kernel says', (answer, verdict, basis) => {
    const { errno, log, reason } = answer
    expect(refusalOf(answer)).toEqual({ verdict, basis, errno, log, reason })
  })

  test('whatever is said of its origin', () => {
    const before = verdictOn('teapot-1.3', '1.1', null)
    expect(before.verdict).toBe('rejected')
    expect(verdictOn('teapot-1.3', '1.1', originOf('1.3'))).toEqual(before)
    expect(verdictOn('teapot-1.3', '1.1', originOf('1.1'))).toEqual(before)
  })

  test('because it has nothing to look at', () => {
    const absent = judge({ name: 'm', btf: null, distilled: null }, baseOf('1.1'), {
      runningSha256: 'r',
      origin: null,
      rules,
    })
    expect(absent).toEqual({ verdict: 'no-btf', basis: 'absent', errno: 0, log: [] })
  })
})
