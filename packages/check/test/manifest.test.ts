import { expect, test } from 'vitest'
import { byFile } from '../src/index.js'

test('modules are in one order on every machine', () => {
  const files = ['b', 'B', 'a-b', 'a_b', 'ä', 'a'].map((file) => ({ file, name: file }))
  expect(files.sort(byFile).map(({ file }) => file)).toEqual(['B', 'a', 'a-b', 'a_b', 'b', 'ä'])
})
