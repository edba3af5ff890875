import { describe, expect, it } from 'vitest'
import { type BtfIds, renumberBtfIds } from '../../src/bytes/index.js'
import { Writer } from './support/writers.js'

const words = (little: boolean, ...values: number[]): Uint8Array =>
  values.reduce((out, value) => out.int(4, value), new Writer(little)).done()

describe.each([true, false])('renumberBtfIds, little endian %s', (little) => {
  // list: 7, 0 · set8 of two · a word without a symbol · set of three
  const content = words(little, 7, 0, 2, 1, 20, 0x10, 21, 4, 99, 3, 30, 31, 40)
  const ids: BtfIds = {
    complete: true,
    list: [
      { at: 0, kind: 'struct', name: 'a', id: 7 },
      { at: 4, kind: 'struct', name: 'unresolved', id: 0 },
    ],
    sets: [
      { at: 8, kind: 'set8', name: 'kfuncs', flags: 1, ids: [20, 21], members: [] },
      { at: 36, kind: 'set', name: 'others', flags: 0, ids: [30, 31, 40], members: [] },
    ],
  }
  const map = new Map([
    [7, 700],
    [20, 900],
    [21, 800],
    [30, 3],
    [31, 1],
    [40, 2],
  ])

  it('renumbers lists in place, and sorts sets by their new ids, with their flags', () => {
    const given = Buffer.from(content)
    const out = renumberBtfIds(given, ids, little, (id) => map.get(id)!)
    expect([...out]).toEqual([...words(little, 700, 0, 2, 1, 800, 4, 900, 0x10, 99, 3, 1, 2, 3)])
    expect([...given]).toEqual([...content])
  })

  it('leaves 0, which is no type, alone', () => {
    const unresolved = { complete: true, list: [], sets: [{ ...ids.sets[1]!, ids: [0, 0, 40] }] }
    const data = words(little, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 40)
    const out = renumberBtfIds(data, unresolved, little, (id) => id + 1)
    expect([...out]).toEqual([...words(little, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 41)])
  })
})
