import { describe, expect, it } from 'vitest'
import { checkBase, Kind } from '../src/index.js'
import { Builder } from './build.js'
import { dataCases } from './cases-data.js'
import { otherCases } from './cases-other.js'
import { type Case, named } from './type-case.js'

const everyVersion = ['5.11', '5.15.100', '5.16', '5.18', '6.0', '6.1.20', '6.6', '6.12', '6.15', '7.3']

function baseWith(type: Case['type']): Uint8Array {
  const b = new Builder()
  b.add({ kind: Kind.INT, name: b.str('int'), third: 4, rest: [0x01000020] })
  return b.add(typeof type === 'function' ? type(b) : type).bytes()
}

describe('the check of each type', () => {
  it.each([...dataCases, ...otherCases])('refuses $what', ({ type, on, notOn, log, code, errno = 22 }) => {
    for (const version of on ?? everyVersion) {
      const prefix = ['5.11', '5.15', '5.15.100'].includes(version) ? 'BPF:' : 'BPF: '
      const answer = checkBase(baseWith(type), { version, allowBtfMismatch: false })
      expect([version, answer.log]).toEqual([version, log.map((line) => prefix + line)])
      expect(answer).toMatchObject({ outcome: 'rejected', errno, reason: { code } })
      expect(answer.reason!.typeId).toBe(2)
    }
    for (const version of notOn ?? []) {
      expect([version, checkBase(baseWith(type), { version, allowBtfMismatch: false }).log]).toEqual([
        version,
        [],
      ])
    }
  })

  it('adds places and sizes of a section in 32 bits', () => {
    const entries = [1, 0xfffffff0, 0x20, 1, 0x10, 8]
    const section = named(Kind.DATASEC, '.d', { third: 0xffffffff, vlen: 2, rest: entries })
    expect(checkBase(baseWith(section), { version: '6.12', allowBtfMismatch: null }).log).toEqual([])
    const before = named(Kind.DATASEC, '.d', {
      third: 0xffffffff,
      vlen: 2,
      rest: [...entries.slice(0, 4), 0xf, 8],
    })
    expect(checkBase(baseWith(before), { version: '6.12', allowBtfMismatch: null }).reason).toMatchObject({
      code: 'invalid-offset',
    })
  })

  it('knows names as Latin-1', () => {
    for (const name of ['n\xff', '\xc0', '_\xf6', 'a1']) {
      expect(
        checkBase(baseWith(named(Kind.FWD, name)), { version: '6.1', allowBtfMismatch: null }).outcome,
      ).toBe('accepted')
    }
  })

  it('does not ask whether ids exist', () => {
    for (const version of everyVersion) {
      const answer = checkBase(baseWith({ kind: Kind.PTR, third: 0xfffff }), {
        version,
        allowBtfMismatch: false,
      })
      expect(answer.outcome).toBe('accepted')
    }
  })

  it('reports a type section that ends within a record', () => {
    // The last word of the second record becomes the first bytes of the strings.
    const bytes = new Builder().add({ kind: Kind.PTR }).add({ kind: Kind.PTR }).bytes()
    const header = new DataView(bytes.buffer)
    header.setUint32(12, 20, true)
    header.setUint32(16, 20, true)
    header.setUint32(20, 5, true)
    expect(checkBase(bytes, { version: '6.1', allowBtfMismatch: false }).log).toEqual([
      'BPF: [2] meta_left:8 meta_needed:12',
    ])
  })
})
