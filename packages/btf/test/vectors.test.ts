import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  checkBase,
  checkModule,
  dumpType,
  parseRules,
  prepareBase,
  readBtf,
  recoverOriginLength,
} from '../src/index.js'

const vector = (name: string): Uint8Array => readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url))
const answerOf = (module: string, kernel: string, rules: string) =>
  checkModule(
    { name: module.split('-')[0]!, btf: vector(module), distilled: null },
    prepareBase(vector(`base-${kernel}`)),
    parseRules(rules),
  )
const builds = ['1.1', '1.3'] as const
const modules = ['teapot', 'saucer'] as const

describe('two builds whose bases differ by two functions', () => {
  it('differ by just these and their prototypes', () => {
    const lines = (build: string): string[] => {
      const btf = readBtf(vector(`base-${build}`))
      return Array.from({ length: btf.typeCount }, (_, index) => {
        const text = [...dumpType(btf, index + 1)].join('')
        return text.replace(/^\[\d+\] /, '').replace(/type_id=\d+/g, 'type_id=_')
      })
    }
    const left = lines('1.1')
    const added = lines('1.3').filter((line) => {
      const at = left.indexOf(line)
      if (at >= 0) left.splice(at, 1)
      return at < 0
    })
    expect(left).toEqual([])
    expect(added.map((text) => text.split('\n')[0])).toEqual([
      `FUNC_PROTO '(anon)' ret_type_id=_ vlen=2`,
      `FUNC 'kettle_hash_ring' type_id=_ linkage=static`,
      `FUNC_PROTO '(anon)' ret_type_id=_ vlen=2`,
      `FUNC 'kettle_lid_is_tight_shut' type_id=_ linkage=static`,
    ])
  })

  it.each(builds)('build %s parses, and accepts its own modules', (build) => {
    for (const version of ['5.13', '5.15.12', '5.18', '6.1', '6.12', '7.3']) {
      expect(checkBase(vector(`base-${build}`), parseRules(version))).toEqual({
        outcome: 'accepted',
        errno: 0,
        log: [],
        reason: null,
      })
      for (const module of modules) {
        expect(answerOf(`${module}-${build}`, build, version).outcome).toBe('accepted')
      }
    }
  })

  it('the first kernel refuses a module of the second in the words of openSUSE’s report', () => {
    const answer = answerOf('teapot-1.3', '1.1', '5.15.12')
    expect(answer).toEqual({
      outcome: 'rejected',
      errno: 22,
      log: [
        'BPF:[47] STRUCT',
        'BPF:size=24 vlen=2',
        'BPF:Invalid name',
        'failed to validate module [teapot] BTF: -22',
      ],
      reason: { code: 'invalid-name', typeId: 47, path: 'struct', expected: 'an identifier', actual: '' },
    })
    expect(answerOf('teapot-1.3', '1.1', '6.1.192').log).toEqual([
      'BPF: [47] STRUCT',
      'BPF: size=24 vlen=2',
      'BPF: Invalid name',
      'failed to validate module [teapot] BTF: -22',
    ])
  })

  it('the second kernel refuses a module of the first', () => {
    expect(answerOf('teapot-1.1', '1.3', '5.15.12').log).toEqual([
      'BPF:\t type_id=1 bits_offset=128',
      'BPF:Invalid name',
      'failed to validate module [teapot] BTF: -22',
    ])
  })

  it('each accepts a module of the other that it misreads', () => {
    expect(answerOf('saucer-1.3', '1.1', '6.1.192').outcome).toBe('accepted')
    expect(answerOf('saucer-1.1', '1.3', '6.1.192').outcome).toBe('accepted')
    const built = readBtf(vector('saucer-1.3'), readBtf(vector('base-1.3')))
    const met = readBtf(vector('saucer-1.3'), readBtf(vector('base-1.1')))
    const name = (btf: typeof built): string => btf.name(btf.startId + 4)
    expect(name(built)).toBe('saucer_that_carries_one_cup_and_the_spoon_beside_it_and_perhaps_a_biscuit')
    expect(name(met)).not.toBe(name(built))
    expect(name(built).endsWith(name(met))).toBe(true)
  })

  it('the module alone tells the length of the strings it was built on', () => {
    for (const build of builds) {
      const { stringsLength } = readBtf(vector(`base-${build}`))
      for (const module of modules)
        expect(recoverOriginLength(vector(`${module}-${build}`))).toBe(stringsLength)
    }
  })

  it('where mismatches are allowed the module loads without its BTF', () => {
    const loud = answerOf('teapot-1.3', '1.1', '6.1.192,allow-mismatch')
    expect(loud).toMatchObject({ outcome: 'discarded', errno: 22 })
    expect(loud.log).toHaveLength(4)
    expect(answerOf('teapot-1.3', '1.1', '6.3,allow-mismatch')).toMatchObject({
      outcome: 'discarded',
      errno: 22,
      log: [],
    })
    expect(answerOf('teapot-1.3', '1.1', '6.3,no-allow-mismatch')).toMatchObject({
      outcome: 'rejected',
      log: loud.log,
    })
    expect(answerOf('teapot-1.3', '1.1', '5.17,allow-mismatch')).toMatchObject({
      outcome: 'rejected',
      log: loud.log,
    })
  })

  it('a kernel without BTF of modules looks at none', () => {
    for (const version of ['4.18', '5.0', '5.10.262']) {
      expect(answerOf('teapot-1.3', '1.1', version)).toEqual({
        outcome: 'ignored',
        errno: 0,
        log: [],
        reason: null,
      })
    }
  })
})
