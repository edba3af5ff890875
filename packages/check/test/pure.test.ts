import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('what decides verdicts imports nothing that a browser does not have', () => {
  const folder = new URL('../src/pure/', import.meta.url)
  const imports = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/\bfrom '([^']+)'/g)].map(([, from]) => from!),
  )
  expect(imports).toContain('@basedrift/btf')
  expect(imports.filter((from) => !/^(?:\.\/|@basedrift\/btf$)/.test(from))).toEqual([])
})
