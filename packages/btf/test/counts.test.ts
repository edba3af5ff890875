import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contradictsCounts, Kind, readBtf } from '../src/index.js'
import { Builder } from './build.js'

const vector = (name: string): Uint8Array => readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url))
const countsOf = (name: string) => {
  const { typeCount, stringsLength } = readBtf(vector(name))
  return { types: typeCount, strings: stringsLength }
}

describe('contradictsCounts', () => {
  it('lets every module be built on its own base', () => {
    for (const build of ['1.1', '1.3'])
      for (const module of ['teapot', 'saucer'])
        expect(contradictsCounts(vector(`${module}-${build}`), countsOf(`base-${build}`))).toBeNull()
  })

  it('tells another base by the length of its strings', () => {
    const { strings } = countsOf('base-1.1')
    expect(contradictsCounts(vector('teapot-1.1'), countsOf('base-1.3'))).toEqual({
      expected: `a base with ${countsOf('base-1.3').strings} bytes of strings`,
      actual: `a base with ${strings} bytes of strings`,
    })
  })

  it('tells too few types by an id beyond them, and others by what a function refers to', () => {
    const split = new Builder(100)
    const name = split.str('f')
    split
      .add({ kind: Kind.FUNC_PROTO })
      .add({ kind: Kind.FUNC, name, third: 11 })
      .add({ kind: Kind.PTR, third: 12 })
    const bytes = split.bytes()
    expect(contradictsCounts(bytes, { types: 10, strings: 100 })).toBeNull()
    expect(contradictsCounts(bytes, { types: 7, strings: 100 })).toEqual({
      expected: 'at most id 10',
      actual: 'a reference to id 11',
    })
    expect(contradictsCounts(bytes, { types: 9, strings: 100 })).toEqual({
      expected: 'a prototype as type 11',
      actual: 'FUNC',
    })
    // All of it may lie in a larger base.
    expect(contradictsCounts(bytes, { types: 5000, strings: 100 })).toBeNull()
  })

  it('says nothing of bytes that cannot be read', () => {
    expect(contradictsCounts(new Uint8Array(10), { types: 1, strings: 1 })).toBeNull()
  })
})
