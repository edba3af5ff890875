import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'

/** The value of V8's growth of heaps in a process that runs this: V8 prints what it goes by where it is asked for help. */
function growthAfter(code: string): string | undefined {
  const script = `import { setFlagsFromString } from 'node:v8'; ${code}; setFlagsFromString('--help')`
  const help = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  return help.match(/--heap-growing-percent=(\d+)/)?.[1]
}

test('a process that collects seldom lets its heaps grow to three times what was in use', () => {
  const heap = path.join(import.meta.dirname, '../dist/heap.js')
  expect(growthAfter(`import { collectSeldom } from ${JSON.stringify(heap)}; collectSeldom()`)).toBe('200')
  expect(growthAfter(''), 'by itself it does not').toBe('0')
})
