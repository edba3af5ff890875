import { type LinkFacts, SymbolListWriter } from '@basedrift/artifacts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CheckError, NamePool, noPooledSymbols, type PooledSymbols } from '../src/index.js'
import { decodeModuleSymbols, decodeProvides } from '../src/symbols/reader.js'
import { encodeModuleSymbols, encodeProvides } from '../src/symbols/writer.js'

type Entry = readonly [name: number[], crc: number | null, flags: number, space?: string]

const entry: fc.Arbitrary<Entry> = fc.tuple(
  fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 3 }),
  fc.option(fc.integer({ min: 0, max: 0xffffffff }), { nil: null }),
  fc.constantFrom(0, 2, 4, 8, 16, 20),
)
const exported: fc.Arbitrary<Entry> = fc
  .tuple(entry, fc.constantFrom('', '', 'CXL', 'DMA_BUF'))
  .map(([[name, crc, flags], space]) => [name, crc, flags, space])
const entries = fc.array(entry, { maxLength: 20 })
const exportedEntries = fc.array(exported, { maxLength: 20 })

function listOf(some: readonly Entry[]) {
  const writer = new SymbolListWriter()
  for (const [name, crc, flags, space] of some)
    writer.add(Uint8Array.from(name), 0, name.length, crc, flags, space)
  return writer.take()
}

/** What a list says, whatever its numbers. */
const told = ({ ids, crcs, flags, spaces }: PooledSymbols, names: NamePool) =>
  [...ids].map((id, nth) => [names.name(id), crcs[nth], flags[nth], spaces.get(nth)])

const table = fc.constantFrom('absent' as const, 'read' as const, 'unreadable' as const)
const moduleFacts: fc.Arbitrary<LinkFacts> = fc
  .record({
    imports: entries.map(listOf),
    extendedImports: entries.map(listOf),
    exports: exportedEntries.map(listOf),
    basicVersions: table,
    extendedVersions: table,
    structSize: fc.option(fc.nat()),
    flagTable: fc.boolean(),
    machine: fc.option(fc.nat(0xffff)),
    terms: fc.option(
      fc.record({ license: fc.option(fc.string()), namespaces: fc.array(fc.string(), { maxLength: 3 }) }),
    ),
    lacks: fc.constantFrom(null, 'symbols' as const, 'this-module' as const),
    btfIds: fc.option(
      fc.record({
        complete: fc.boolean(),
        sets: fc.array(
          fc.record({
            kind: fc.constantFrom('set' as const, 'set8' as const),
            name: fc.string(),
            flags: fc.nat(),
            at: fc.nat(),
            ids: fc.array(fc.nat()),
            members: fc.array(fc.record({ kind: fc.string(), name: fc.string() })),
          }),
          { maxLength: 2 },
        ),
        list: fc.array(fc.record({ at: fc.nat(), kind: fc.string(), name: fc.string(), id: fc.nat() })),
      }),
    ),
  })
  .map((facts) => (facts.extendedVersions === 'read' ? facts : { ...facts, extendedImports: listOf([]) }))

describe('stored symbols', () => {
  test('of modules come back as they were, into a pool with other names', () => {
    fc.assert(
      fc.property(fc.array(moduleFacts, { maxLength: 6 }), (modules) => {
        const names = new NamePool()
        names.add(Uint8Array.of(65), 0, 1)
        const stored = decodeModuleSymbols(encodeModuleSymbols(modules), names)!
        expect(stored).toHaveLength(modules.length)
        stored.forEach(({ imports, extendedImports, exports, ...rest }, nth) => {
          const { imports: asked, extendedImports: extended, exports: given, ...facts } = modules[nth]!
          expect(rest).toEqual(facts)
          const pool = new NamePool()
          expect(told(imports, names)).toEqual(told(pool.pool(asked), pool))
          expect(told(extendedImports, names)).toEqual(told(pool.pool(extended), pool))
          expect(told(exports, names)).toEqual(told(pool.pool(given), pool))
        })
      }),
      { numRuns: 50 },
    )
  })

  test('of a kernel come back as they were', () => {
    const kernel = fc.record({
      vermagic: fc.option(fc.string()),
      modversions: fc.option(fc.boolean()),
      forceLoad: fc.option(fc.boolean()),
      missingNamespaces: fc.option(fc.boolean()),
      machine: fc.option(fc.nat(0xffff)),
      exports: fc.option(exportedEntries),
      moduleExports: exportedEntries,
      ownModules: fc.option(
        fc.array(fc.record({ name: fc.string(), exports: entries, imports: entries }), { maxLength: 3 }),
      ),
    })
    fc.assert(
      fc.property(kernel, ({ exports, moduleExports, ownModules, ...rest }) => {
        const own = new NamePool()
        const pooled = exports === null ? null : own.pool(listOf(exports))
        const ofModules = own.pool(listOf(moduleExports))
        const each =
          ownModules?.map((one) => ({
            name: one.name,
            exports: own.pool(listOf(one.exports)),
            imports: own.pool(listOf(one.imports)),
          })) ?? null
        const provides = { ...rest, exports: pooled, moduleExports: ofModules, ownModules: each }
        const packed = encodeProvides(provides, own)
        const names = new NamePool()
        const found = decodeProvides(packed, names)!
        expect(found).toMatchObject(rest)
        expect(found.exports === null).toBe(pooled === null)
        if (found.exports !== null) expect(told(found.exports, names)).toEqual(told(pooled!, own))
        expect(told(found.moduleExports, names)).toEqual(told(ofModules, own))
        const said = (list: typeof found.ownModules, pool: NamePool) =>
          list?.map((one) => [one.name, told(one.exports, pool), told(one.imports, pool)])
        expect(said(found.ownModules, names)).toEqual(said(each, own))
      }),
      { numRuns: 50 },
    )
  })

  test('that an older version packed are not read, and of a newer one end in a code', () => {
    const names = new NamePool()
    const provides = {
      vermagic: null,
      modversions: null,
      forceLoad: null,
      missingNamespaces: null,
      machine: null,
      exports: null,
      moduleExports: noPooledSymbols,
      ownModules: null,
    }
    for (const [packed, decode, current] of [
      [encodeModuleSymbols([]), decodeModuleSymbols, 4],
      [encodeProvides(provides, names), decodeProvides, 6],
    ] as const) {
      const versioned = (version: number) => packed.map((byte, at) => (at === 7 ? version : byte))
      for (const older of [1, 2]) expect(decode(versioned(older), names)).toBeNull()
      expect(decode(versioned(current), names)).not.toBeNull()
      expect(() => decode(versioned(current + 1), names)).toThrow(CheckError)
      expect(() => decode(versioned(0), names)).toThrow(CheckError)
    }
  })

  const stored = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

  test('that were packed before terms were known are read, and nothing is concluded of these', () => {
    const names = new NamePool()
    const kernel = stored(
      'QkRTWU1CTAQLGIADBWtmcmVlAAEAAAACdXABCWdhcnBfaW5pdAQEAAAAPwo2LjEuMCBTTVAgPwIAAgEEAw==',
    )
    const { exports, moduleExports, ...rest } = decodeProvides(kernel, names)!
    expect(rest).toEqual({
      vermagic: '6.1.0 SMP ',
      modversions: true,
      forceLoad: true,
      missingNamespaces: null,
      machine: 62,
      ownModules: null,
    })
    expect(told(exports!, names)).toEqual([
      ['kfree', 1, 0, undefined],
      ['up', 0, 1, undefined],
    ])
    expect(told(moduleExports, names)).toEqual([['garp_init', 4, 4, undefined]])
    const modules = stored('QkRTWU1CTAMbJwAAxNxGty9YkymKYcoQZAwtXzSKFLGzyh0EYH5K27NyxI2nCoCog8Gk')
    const [module, ...others] = decodeModuleSymbols(modules, names)!
    expect(others).toEqual([])
    expect(module).toMatchObject({ terms: null, machine: 62, basicVersions: 'read' })
    expect(told(module!.imports, names).map(([name]) => name)).toEqual(['kfree', 'up'])
    expect(told(module!.exports, names)).toEqual([['garp_init', 4, 4, undefined]])
  })

  test('of a kernel that were packed before its modules were told one by one tell their exports alone', () => {
    const names = new NamePool()
    const found = decodeProvides(
      stored('QkRTWU1CTAWLGIACBWtmcmVlAAEAAAAJZ2FycF9pbml0EAQAAADfCjYuMS4wIFNNUCA/AQABAAJNTQECAAM='),
      names,
    )!
    expect(found).toMatchObject({ vermagic: '6.1.0 SMP ', missingNamespaces: true, ownModules: null })
    expect(told(found.exports!, names)).toEqual([['kfree', 1, 0, 'MM']])
    expect(told(found.moduleExports, names)).toEqual([['garp_init', 4, 16, undefined]])
  })

  test('of a kernel that version 3 packed are read without the lines of a Module.symvers', () => {
    // Exports A, B, then A and C of a Module.symvers; of its modules A, then C of a Module.symvers.
    const names = new NamePool()
    const found = decodeProvides(stored('QkRTWU1CTAMbLgAABCnPHi9hMa6CMkijSNVzBXkQwH4d+5QWC9WiMOYA'), names)!
    const said = (list: PooledSymbols) => told(list, names).map(([name, crc]) => `${name}${crc}`)
    expect([said(found.exports!), said(found.moduleExports)]).toEqual([['A1', 'B2'], ['A4']])
  })

  test('that are damaged end in a code', () => {
    const sound = encodeModuleSymbols([
      {
        imports: listOf([[[65], 1, 0]]),
        extendedImports: listOf([]),
        exports: listOf([]),
        basicVersions: 'read',
        extendedVersions: 'read',
        structSize: 896,
        flagTable: false,
        machine: 62,
        lacks: null,
        terms: { license: 'GPL', namespaces: ['CXL'] },
        btfIds: { complete: true, sets: [], list: [] },
      },
    ])
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(sound)
        bytes[at] = bytes[at]! ^ change
        try {
          decodeModuleSymbols(bytes, new NamePool())
        } catch (error) {
          expect(error).toBeInstanceOf(CheckError)
          expect((error as CheckError).code).toBe('symbols-malformed')
        }
      }),
    )
    for (let length = 0; length < sound.length; length++)
      expect(() => decodeModuleSymbols(sound.subarray(0, length), new NamePool())).toThrow(CheckError)
  })
})
