import { expect, it } from 'vitest'
import { onceEach } from '../src/serve/own-process.js'

it('passes one Ctrl-C on once, however many tell of it, and a later one again', () => {
  const passed: string[] = []
  let now = 5000
  const pass = onceEach(
    (signal) => passed.push(signal),
    () => now,
  )
  pass('SIGINT')
  now += 20
  pass('SIGINT')
  now += 900
  pass('SIGTERM')
  expect(passed).toEqual(['SIGINT'])
  now += 1100
  pass('SIGINT')
  expect(passed).toEqual(['SIGINT', 'SIGINT'])
})
