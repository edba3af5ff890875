import { deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CheckError, decodeRows, encodeRows, loadUnknown, type ModuleResult, resultOf } from '../src/index.js'
import { arbitraryResult } from './support/results.js'

const manifestOf = (results: readonly ModuleResult[]) =>
  results.map(({ name, file, sha256 }) => ({ name, file, sha256 }))

/** Rows such as a rebuild of a kernel makes: each module is refused at another type and name. */
function refusals(count: number): ModuleResult[] {
  return Array.from({ length: count }, (_, nth) => {
    const name = `module_${nth.toString(36)}`
    const typeId = 100_800 + ((nth * 7) % 60)
    const word = `name${((nth * 2654435761) % 2 ** 32).toString(36)}`
    const subject = { name, file: `kernel/drivers/${name}.ko`, sha256: nth.toString(16).padStart(64, '0') }
    return resultOf(subject, {
      verdict: 'rejected',
      basis: 'kernel-check',
      errno: 22,
      log: [
        `BPF: [${typeId}] STRUCT ${word}..x`,
        `BPF: size=${(nth * 8) % 4096} vlen=${nth % 40}`,
        'BPF: Invalid name',
        `failed to validate module [${name}] BTF: -22`,
      ],
      reason: {
        code: 'invalid-name',
        typeId,
        path: `struct ${word}..x`,
        expected: 'an identifier',
        actual: `${word}..x`,
      },
    })
  })
}

describe('rows', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(arbitraryResult, { maxLength: 20 }), (results) => {
        expect(decodeRows(encodeRows(results), manifestOf(results))).toEqual(results)
      }),
    )
  })

  test('come back with their keys in the order in which they are printed', () => {
    const results = refusals(3)
    expect(JSON.stringify(decodeRows(encodeRows(results), manifestOf(results)))).toBe(JSON.stringify(results))
  })

  test('take few bytes a module', () => {
    const results = refusals(4000)
    expect(encodeRows(results).length / results.length).toBeLessThan(20)
  })

  test('take next to nothing where all are the same', () => {
    const accepted = { verdict: 'compatible', basis: 'same-base', errno: 0, log: [] } as const
    const results = refusals(4000).map((row) => resultOf(row, accepted, loadUnknown))
    expect(encodeRows(results).length).toBeLessThan(500)
  })
})

describe('damaged rows', () => {
  const results = refusals(50)
  const rows = encodeRows(results)
  const manifest = manifestOf(results)
  const malformed = (damaged: Uint8Array, of = manifest) =>
    expect(() => decodeRows(damaged, of)).toThrow(expect.objectContaining({ code: 'rows-malformed' }))

  test('are told by their version, their number and their end', () => {
    malformed(new Uint8Array(0))
    malformed(Uint8Array.from([2, ...rows.subarray(1)]))
    malformed(rows.subarray(0, rows.length - 9))
    malformed(rows, manifest.slice(1))
  })

  test('never end in anything but their code', () => {
    const plain = inflateSync(rows.subarray(1))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(plain.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(plain.length),
        (changes, cut) => {
          const damaged = Uint8Array.from(plain)
          for (const [at, byte] of changes) damaged[at] = byte
          for (const bytes of [damaged, damaged.subarray(0, cut)]) {
            try {
              decodeRows(Uint8Array.from([1, ...deflateSync(bytes)]), manifest)
            } catch (error) {
              expect(error).toBeInstanceOf(CheckError)
              expect(error).toMatchObject({ code: 'rows-malformed' })
            }
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('cannot swell', () => {
    malformed(Uint8Array.from([1, ...deflateSync(new Uint8Array(80 * 2 ** 20))]))
  })
})
