import { describe, expect, it } from 'vitest'
import { checkTable } from '../src/format/check-table.js'
import { plain } from '../src/output/style.js'
import { checked, discarded, manyResults, result } from './support/results.js'

describe('checkTable', () => {
  it('groups thousands of modules and says how to see all', async () => {
    const text = checkTable(checked(manyResults()), { style: plain, width: 80 })
    expect(text).not.toContain('\u001b')
    await expect(text).toMatchFileSnapshot('golden/check-many.txt')
  })

  it('lists a few with the kernel’s log, and the notes', async () => {
    const modules = [discarded('teapot'), result('saucer', 'misread', 'origin-length')]
    const kernel = checked([]).kernel
    const open = {
      kernel: { ...kernel, release: null, rules: { version: '6.1', allowBtfMismatch: null } },
      notes: ['A note.\u001b[2J'],
    }
    await expect(checkTable(checked(modules, open), { style: plain, width: 80 })).toMatchFileSnapshot(
      'golden/check-few.txt',
    )
  })

  it('says of an empty name that it is one, and how what is unknown can be decided', () => {
    const { reason, ...nameless } = discarded('teapot')
    const modules = [{ ...nameless, reason: { ...reason!, actual: '' } }]
    const text = checkTable(checked(modules), { style: plain, width: 80 })
    expect(text).toContain('expected an identifier, found an empty name\n')
    expect(text).not.toContain('--origin')
    const unknown = checked([result('saucer', 'unknown', 'no-origin')])
    expect(checkTable(unknown, { style: plain, width: 80 })).toContain('as --origin.\n')
  })
})
