import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BaseEvidence, Binding, contradiction, readBtf } from '../src/index.js'

const vector = (name: string): Uint8Array => readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url))
const base = (build: string) => readBtf(vector(`base-${build}`))
const builds = ['1.1', '1.3'] as const
const modules = ['teapot', 'saucer'] as const
const other = { '1.1': '1.3', '1.3': '1.1' } as const

describe('the modules of two builds whose bases differ by two functions', () => {
  it.each(builds)('bind to what was meant on a base equal to that of build %s', (build) => {
    const binding = new Binding(base(build), base(build))
    for (const module of modules) {
      expect(binding.bind(vector(`${module}-${build}`))).toEqual({
        misboundTotal: 0,
        misbound: [],
        changedTotal: 0,
        changed: [],
      })
    }
  })

  it('say which reference means what on the other one', () => {
    const { misboundTotal, misbound } = new Binding(base('1.3'), base('1.1')).bind(vector('saucer-1.3'))
    expect(misboundTotal).toBe(misbound.length)
    expect(misbound).toMatchSnapshot()
  })

  it('tell as many findings as are asked for, and the true number', () => {
    const binding = new Binding(base('1.3'), base('1.1'))
    const { misboundTotal, misbound } = binding.bind(vector('teapot-1.3'), { maxFindings: 3 })
    expect(misbound).toHaveLength(3)
    expect(misboundTotal).toBeGreaterThan(3)
    expect(binding.bind(vector('teapot-1.3'), { maxFindings: 0 }).misboundTotal).toBe(misboundTotal)
  })

  it.each(builds)('contradict the base of the other build, and not that of build %s', (build) => {
    for (const module of modules) {
      const bytes = vector(`${module}-${build}`)
      const own = base(build)
      expect(contradiction(readBtf(bytes, own), new BaseEvidence(own))).toBeNull()
      const wrong = base(other[build])
      expect(contradiction(readBtf(bytes, wrong), new BaseEvidence(wrong))).not.toBeNull()
    }
  })
})
