import { describe, expect, it } from 'vitest'
import { parseProvenance } from '../src/client/provenance.js'

describe('parseProvenance', () => {
  it('gives known keys their places and keeps the others as labels', () => {
    const values = [
      'obs.project=openSUSE:Factory',
      'obs.bcnt=3',
      'koji.taskId=17',
      'koji.tag=f41',
      'url=https://build.example.org/?a=b',
      'kernel.team=storage',
    ]
    expect(parseProvenance(values)).toEqual({
      obs: { project: 'openSUSE:Factory', bcnt: 3 },
      koji: { taskId: 17, tag: 'f41' },
      url: 'https://build.example.org/?a=b',
      labels: { 'kernel.team': 'storage' },
    })
    expect(parseProvenance([])).toEqual({})
  })

  it.each([
    'noequals',
    '=x',
    'key=',
    'obs.nothing=1',
    'obs.bcnt=three',
    'koji=1',
    'obs.project.x=1',
    'obs.__proto__=1',
  ])('refuses %s', (value) => {
    expect(() => parseProvenance([value])).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})
