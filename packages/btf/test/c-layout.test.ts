import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Btf, readBtf } from '../src/index.js'
import { printedWithClaims } from './c-claims.js'
import { CModel } from './c-model.js'
import { anyStructs } from './c-structs.js'

const vector = (name: string): Btf =>
  readBtf(
    readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url)),
    name.startsWith('base') ? undefined : vector(`base-${name.split('-')[1]}`),
  )

describe('the C that is printed, read by the rules of C, has the layout of the BTF', () => {
  it.each(['base-1.1', 'teapot-1.1', 'saucer-1.3'])('of %s', (name) => {
    const { text, claims } = printedWithClaims(vector(name))
    expect(new CModel(text).differences(claims)).toEqual([])
  })

  it('and would not if it were another', () => {
    const { text, claims } = printedWithClaims(vector('base-1.1'))
    const differences = (from: string, to: string): string[] => {
      expect(text).toContain(from)
      return new CModel(text.replace(from, to)).differences(claims)
    }
    expect(differences('\tu32 full: 1;', '\tu32 full: 2;')).toEqual([
      'struct kettle full is 516:2, not 516:1',
    ])
  })

  it('of structs and unions of any shape', () => {
    fc.assert(
      fc.property(anyStructs(1, 8), (btf) => {
        const { text, claims } = printedWithClaims(btf)
        expect(text).not.toContain('left out')
        expect(new CModel(text).differences(claims)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})
