import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { BundleWriter, CheckError, openBundle, sha256Of, writeBundle } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'test.bundle')

const bytesOf = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, at) => (at * seed + (at >> 8)) % 251)
const entry = (nth: number, btf: Uint8Array | null, distilled: Uint8Array | null = null) => ({
  sha256: nth.toString(16).padStart(64, '0'),
  btf,
  distilled,
})

describe('a bundle', () => {
  test('of nothing but an empty section gives it back', async () => {
    await writeBundle(path, [entry(0, null, new Uint8Array(0))])
    const bundle = openBundle(path)
    expect(bundle.read(bundle.modules[0]!.distilledSha256!)).toEqual(new Uint8Array(0))
    bundle.close()
  })

  test('gives back each blob, from a file and from memory', async () => {
    const blob = fc.option(fc.uint8Array({ maxLength: 300 }))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(blob, blob), { maxLength: 12 }), async (sections) => {
        const entries = sections.map(([btf, distilled], nth) => entry(nth, btf, distilled))
        const written = await writeBundle(path, entries)
        const file = readFileSync(path)
        expect(written).toEqual({ sha256: sha256Of(file), size: file.length })
        for (const from of [path, file]) {
          const bundle = openBundle(from)
          expect(bundle.modules.map(({ sha256 }) => sha256)).toEqual(entries.map(({ sha256 }) => sha256))
          expect([...bundle.readingOrder()].sort((a, b) => a - b)).toEqual([...entries.keys()])
          for (const [nth, { btf, distilled }] of entries.entries()) {
            const { btfSha256, distilledSha256 } = bundle.modules[nth]!
            expect(btfSha256 === null ? null : Uint8Array.from(bundle.read(btfSha256))).toEqual(btf)
            expect(distilledSha256 === null ? null : Uint8Array.from(bundle.read(distilledSha256))).toEqual(
              distilled,
            )
          }
          bundle.close()
        }
      }),
      { numRuns: 40 },
    )
  })

  test('holds the same content once', async () => {
    const same = bytesOf(100_000, 7)
    const one = await writeBundle(path, [entry(0, same)])
    const many = await writeBundle(path, [entry(0, same), entry(1, same), entry(2, null, same)])
    expect(many.size - one.size).toBeLessThan(200)
  })

  test('is read across many chunks in any order', async () => {
    const blobs = Array.from({ length: 9 }, (_, nth) => bytesOf(900_001 + nth, nth + 3))
    await writeBundle(
      path,
      blobs.map((btf, nth) => entry(nth, btf)),
    )
    const bundle = openBundle(path)
    for (const nth of [8, 0, 4, 8, 1, 7, 2, 0]) {
      const read = bundle.read(bundle.modules[nth]!.btfSha256!)
      expect(read.byteOffset % 4).toBe(0)
      expect(Buffer.compare(read, blobs[nth]!)).toBe(0)
    }
    bundle.close()
  })

  test('can be taken into memory, and be kept there as it is written, up to a limit', async () => {
    const blobs = Array.from({ length: 5 }, (_, nth) => bytesOf(nth * 900_001, nth + 3))
    const total = blobs.reduce((sum, { length }) => sum + Math.ceil(length / 4) * 4, 0)
    for (const keepBytes of [total, total - 1]) {
      const writer = await BundleWriter.create(path, keepBytes)
      const modules = []
      for (const [nth, btf] of blobs.entries()) {
        modules.push({
          sha256: entry(nth, null).sha256,
          btfSha256: await writer.add(btf),
          distilledSha256: null,
        })
      }
      await writer.finish(modules)
      const written = writer.written()
      expect(written === null).toBe(keepBytes < total)
      const inflated = openBundle(path)
      expect(inflated.inflatedBytes).toBe(total)
      inflated.inflate()
      rmSync(path)
      for (const bundle of written === null ? [inflated] : [inflated, written]) {
        expect(bundle.modules).toEqual(modules)
        for (const nth of [4, 0, 2, 3, 1, 4]) {
          expect(Buffer.compare(bundle.read(modules[nth]!.btfSha256), blobs[nth]!)).toBe(0)
        }
        bundle.close()
      }
    }
  })

  test('does not have what was not added', async () => {
    await writeBundle(path, [entry(0, bytesOf(10, 1))])
    const bundle = openBundle(path)
    expect(bundle.has('f'.repeat(64))).toBe(false)
    expect(() => bundle.read('f'.repeat(64))).toThrow(expect.objectContaining({ code: 'bundle-mismatch' }))
    bundle.close()
  })

  test('takes no module whose blob was not added', async () => {
    const writer = await BundleWriter.create(path)
    const missing = { sha256: '0'.repeat(64), btfSha256: '1'.repeat(64), distilledSha256: null }
    await expect(writer.finish([missing])).rejects.toThrow('no blob')
    await writer.abandon()
  })
})

describe('a damaged bundle', () => {
  const readAll = (bytes: Uint8Array) => {
    const bundle = openBundle(bytes)
    for (const { btfSha256 } of bundle.modules) if (btfSha256 !== null) bundle.read(btfSha256)
  }

  test('ends in its code, wherever the damage is', async () => {
    await writeBundle(path, [
      entry(0, bytesOf(500, 3)),
      entry(1, null),
      entry(2, bytesOf(77, 5), bytesOf(9, 9)),
    ])
    const whole = new Uint8Array(readFileSync(path))
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const damaged = whole.slice()
        damaged[at]! ^= by
        try {
          readAll(damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(CheckError)
          expect(error).toMatchObject({ code: expect.stringMatching(/^bundle-/) })
        }
      }),
      { numRuns: 1000 },
    )
    for (let length = 0; length < whole.length; length++) {
      expect(() => readAll(whole.subarray(0, length))).toThrow(CheckError)
    }
  })

  test('of a later version says so', async () => {
    await writeBundle(path, [])
    const later = new Uint8Array(readFileSync(path))
    later[7] = 2
    expect(() => openBundle(later)).toThrow(/version 2/)
  })
})
