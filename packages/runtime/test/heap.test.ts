import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { heapGrowth } from '../src/heap.js'

test('V8 knows what it is told of the growth of heaps: what it does not know it passes over', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  expect(known).toContain(`${heapGrowth} (`)
})
