import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../scripts/lib/error-codes.mjs'

const root = path.resolve(import.meta.dirname, '..')

describe('error codes', () => {
  const groups = errorCodes()

  it('are kebab case, with a meaning each', () => {
    for (const { title, codes } of groups) {
      expect(Object.keys(codes).length, title).toBeGreaterThan(0)
      for (const [code, meaning] of Object.entries(codes)) {
        expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
        expect(meaning.length, code).toBeGreaterThan(5)
      }
    }
  })

  it('are all on the page of the docs', () => {
    execFileSync(process.execPath, [path.join(root, 'scripts/errors-page.mjs'), '--check'], { stdio: 'pipe' })
  })
})
