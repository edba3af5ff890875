import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeLzo1x } from '../src/bytes/lzo.js'
import { ArtifactError, decompressBytes, decompressStream, limits, noTools } from '../src/index.js'
import { codeOf, rejection } from './bytes/support/codes.js'
import { chars, join } from './bytes/support/writers.js'
import { drain, streamOf } from './support/bytes.js'
import { fixture, texts } from './support/texts.js'

const formats = [
  ['lzma', 'lzma', ['long-small', 'numbers-props', 'long']],
  ['bzip2', 'bz2', ['many-1']],
  ['lzo', 'lzo', ['numbers-1', 'numbers-sums']],
  ['lz4', 'lz4', []],
] as const
const options = { tools: noTools }
const most = 4e6

describe.each(formats)('%s', (format, suffix, more) => {
  const names = ['numbers', 'zeros', 'one', 'empty', ...more]
  const file = (name: string) => fixture(`${name}.${suffix}`)
  const textOf = (name: string) => texts[name.split('-')[0]!]!
  const stream = (bytes: Uint8Array, size = 1000, max = most) =>
    drain(decompressStream(format, streamOf(bytes, size), max, options))
  const numbers = file('numbers')

  it.each(names)('%s as its own program wrote it', async (name) => {
    const bytes = file(name)
    for (const hint of [0, 10, textOf(name).length]) {
      const whole = await decompressBytes(format, bytes, most, hint, options)
      expect(Buffer.from(whole).equals(textOf(name))).toBe(true)
    }
    for (const size of [1, 7, 4096, bytes.length]) {
      const { bytes: out, error } = await stream(bytes, size)
      expect([error, out.equals(textOf(name))]).toEqual([null, true])
    }
  })

  it('cut at every byte is corrupt, after what was whole', async () => {
    // Only LZ4 has blocks without an end mark: behind one the file may be whole.
    const wholeAt = format === 'lz4' ? [4] : []
    for (const name of ['numbers', 'one', 'empty']) {
      const bytes = file(name)
      for (let end = 1; end < bytes.length; end += bytes.length > 500 && end > 300 ? 41 : 1) {
        if (wholeAt.includes(end)) continue
        const { bytes: out, error } = await stream(bytes.subarray(0, end))
        expect((error as ArtifactError | null)?.code, `${name} cut at ${end}`).toMatch(
          /^compression-(corrupt|unsupported)$/,
        )
        expect(textOf(name).subarray(0, out.length).equals(out)).toBe(true)
      }
    }
  })

  it('stops at the size that is allowed, and a bomb by its ratio', async () => {
    for (const name of ['numbers', 'zeros']) {
      const bytes = file(name)
      const { error } = await stream(bytes, 1000, 1000)
      expect((error as ArtifactError).code).toBe('limit-exceeded')
      expect(await rejection(decompressBytes(format, bytes, 1000, 0, options))).toMatch(/^limit-exceeded/)
      expect((await decompressBytes(format, bytes, textOf(name).length, 0, options)).length).toBe(
        textOf(name).length,
      )
    }
    const tight = { ...options, limits: { ...limits, ratio: 10, ratioFreeBytes: 5000 } }
    const bomb = await drain(decompressStream(format, streamOf(file('zeros')), most, tight))
    expect((bomb.error as ArtifactError).code).toBe('limit-exceeded')
    expect(await rejection(decompressBytes(format, file('zeros'), most, 0, tight))).toMatch(/^limit-exceeded/)
  })

  it('may be followed by zeros and by nothing else', async () => {
    const padded = await stream(Buffer.concat([numbers, Buffer.alloc(9000)]))
    expect([padded.error, padded.bytes.equals(texts.numbers!)]).toEqual([null, true])
    for (const tail of [Buffer.from('070701'), Buffer.concat([Buffer.alloc(600), gzipSync('x')])]) {
      const { error } = await stream(Buffer.concat([numbers, tail]))
      expect((error as ArtifactError).code).toBe('compression-corrupt')
    }
  })

  it('hands the failure of its source on, and lets go of it when nobody reads on', async () => {
    const failure = new Error('the upload stopped')
    let closed = 0
    async function* source(fails: boolean): AsyncGenerator<Uint8Array> {
      try {
        yield file('zeros')
        if (fails) throw failure
        yield numbers
      } finally {
        closed++
      }
    }
    const { error } = await drain(decompressStream(format, source(true), most, options))
    expect(error).toBe(failure)
    for await (const _part of decompressStream(format, source(false), most, options)) break
    expect(closed).toBe(2)
  })

  it('ends in a code whatever is changed, and both ways to decode agree', async () => {
    const damage = fc.record({ at: fc.nat(), byte: fc.integer({ min: 1, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('numbers', 'zeros', 'one'),
        fc.array(damage, { minLength: 1, maxLength: 5 }),
        fc.option(fc.nat()),
        async (name, damages, end) => {
          const broken = Uint8Array.from(file(name))
          for (const { at, byte } of damages) broken[at % broken.length]! ^= byte
          const cut = broken.subarray(0, end === null ? broken.length : end % broken.length)
          const whole = await decompressBytes(format, cut, 1e6, 0, options).catch((error: unknown) => error)
          expect(whole instanceof Uint8Array || whole instanceof ArtifactError).toBe(true)
          // As a stream, LZ4 is read in the form alone that kernels read.
          if (format === 'lz4') return
          const { bytes, error } = await stream(cut, 500, 1e6)
          if (whole instanceof Uint8Array) expect([error, bytes.equals(whole)]).toEqual([null, true])
          else expect((error as ArtifactError).code).toBe((whole as ArtifactError).code)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('lzma', () => {
  it('may name its size, with or without an end mark', async () => {
    const named = (size: number) => {
      const bytes = Buffer.from(fixture('numbers.lzma'))
      bytes.writeBigUInt64LE(BigInt(size), 5)
      return bytes
    }
    const { length } = texts.numbers!
    const whole = await decompressBytes('lzma', named(length), most, 0, options)
    expect(Buffer.from(whole).equals(texts.numbers!)).toBe(true)
    for (const size of [0, 1, length - 1, length + 1]) {
      expect(await rejection(decompressBytes('lzma', named(size), most, 0, options))).toMatch(
        /^compression-corrupt/,
      )
    }
    // All that a coder of nothing writes: five zeros.
    const nothing = Buffer.concat([named(0).subarray(0, 13), Buffer.alloc(5)])
    expect(await decompressBytes('lzma', nothing, most, 0, options)).toEqual(new Uint8Array(0))
  })

  it('with a dictionary beyond the memory is not decoded', async () => {
    const tight = { ...options, limits: { ...limits, xzMemoryBytes: 1 << 20 } }
    expect(await rejection(decompressBytes('lzma', fixture('numbers.lzma'), most, 0, tight))).toMatch(
      /^limit-exceeded/,
    )
  })
})

describe('bzip2', () => {
  it('goes on with what is concatenated', async () => {
    const twice = Buffer.concat([fixture('many-1.bz2'), fixture('empty.bz2'), fixture('one.bz2')])
    for (const size of [1, 100_000]) {
      const { bytes, error } = await drain(decompressStream('bzip2', streamOf(twice, size), most, options))
      expect([error, bytes.equals(Buffer.concat([texts.many!, texts.one!]))]).toEqual([null, true])
    }
  })

  it('compares the checksums of blocks and of the whole', async () => {
    const bytes = Buffer.from(fixture('one.bz2'))
    for (const at of [10, bytes.length - 2]) {
      const broken = Buffer.from(bytes)
      broken[at]! ^= 1
      expect(await rejection(decompressBytes('bzip2', broken, most, 0, options))).toMatch(
        /^compression-corrupt/,
      )
    }
  })
})

describe('lzo', () => {
  const decode = (size: number, ...input: (Uint8Array | number[] | string)[]) => {
    const out = new Uint8Array(size)
    decodeLzo1x(join(...input), out)
    return new TextDecoder().decode(out)
  }
  const end = [17, 0, 0]

  it.each([
    ['literals at the start', [[21], 'abcd'], 'abcd'],
    ['few literals at the start, and two bytes 1 back', [[18], 'a', [0, 0]], 'aaa'],
    ['a run of literals', [[1], 'abcd'], 'abcd'],
    ['a long run of literals', [[0, 1], 'a'.repeat(19)], 'a'.repeat(19)],
    ['a longer run of literals', [[0, 0, 1], 'a'.repeat(274)], 'a'.repeat(274)],
    ['3 bytes 4 back, and a literal', [[21], 'abcd', [0x4d, 0], '!'], 'abcdabc!'],
    ['8 bytes 12 back', [[29], 'abcdefghijkl', [0xec, 1]], 'abcdefghijklabcdefgh'],
    ['2 bytes 5 back behind a literal', [[21], 'abcd', [0x4d, 0], '!', [0, 1]], 'abcdabc!da'],
    ['3 bytes 2 back', [[21], 'abcd', [0x21, 4, 0]], 'abcdcdc'],
    ['38 bytes 1 back', [[21], 'abcd', [0x20, 5, 0, 0]], `abc${'d'.repeat(39)}`],
    ['293 bytes 1 back', [[21], 'abcd', [0x20, 0, 5, 0, 0]], `abc${'d'.repeat(294)}`],
  ] as const)('reads %s', (_what, input, expected) => {
    expect(
      decode(expected.length, ...input.map((part) => (typeof part === 'string' ? part : [...part])), end),
    ).toBe(expected)
  })

  it('reads matches far back', () => {
    // 33 + 255 * 70 + 1 times d: 17,884 bytes, and 4 bytes 16,386 back; then 3 bytes 2,049 back behind a run of literals.
    const far = ['abc', 'd'.repeat(17_885)]
    const out = decode(
      17_888 + 4 + 4 + 3,
      [21],
      'abcd',
      [0x20, ...new Array(70).fill(0), 1, 0, 0],
      [0x12, 8, 0],
      [1],
      'wxyz',
      [0, 0],
      end,
    )
    expect(out).toBe(`${far.join('')}ddddwxyzddd`)
  })

  it.each([
    ['a match before the start', 9, [[21], 'abcd', [0x4d, 1]]],
    ['literals that are cut', 9, [[25], 'abcd']],
    ['a length that is cut', 9, [[0, 0]]],
    ['a match that is cut', 9, [[21], 'abcd', [0x21, 4]]],
    ['more than it says', 6, [[21], 'abcd', [0x21, 4, 0], end]],
    ['more literals than it says', 3, [[21], 'abcd', end]],
    ['less than it says', 5, [[21], 'abcd', end]],
    ['something behind its end', 4, [[21], 'abcd', end, [0]]],
    ['no end', 4, [[21], 'abcd']],
    ['nothing', 0, []],
  ] as const)('refuses a block with %s', (_what, size, input) => {
    const parts = input.map((part) => (typeof part === 'string' ? part : [...part]))
    expect(codeOf(() => decode(size, ...parts))).toBe('compression-corrupt null')
  })

  it.each([
    ['another method', 15, 0x80, 'compression-unsupported'],
    ['filters', 19, 0x08, 'compression-unsupported'],
    ['a header that was changed', 22, 1, 'compression-corrupt'],
  ])('refuses %s', async (_what, at, byte, code) => {
    const bytes = Buffer.from(fixture('numbers.lzo'))
    bytes[at] = byte
    expect(await rejection(decompressBytes('lzo', bytes, most, 0, options))).toBe(`${code} null`)
  })
})

describe('gzip', () => {
  const stream = (bytes: Uint8Array, size: number) =>
    drain(decompressStream('gzip', streamOf(bytes, size), most, options))

  it('goes on behind zeros, which zlib takes for the end', async () => {
    const padded = Buffer.concat([gzipSync('one'), Buffer.alloc(700), gzipSync('two'), Buffer.alloc(5)])
    for (const size of [1, 7, 22, 100, 5000]) {
      const { bytes, error } = await stream(padded, size)
      expect([error, bytes.toString()]).toEqual([null, 'onetwo'])
    }
  })

  it('says that something else follows', async () => {
    for (const tail of [chars('070701'), join([0, 0], '070701'), [0, 0x1f]]) {
      for (const size of [1, 22, 5000]) {
        const { bytes, error } = await stream(join(gzipSync('one'), tail), size)
        expect((error as ArtifactError).code).toBe('compression-corrupt')
        expect('one'.startsWith(bytes.toString())).toBe(true)
      }
    }
  })
})
