import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeLz4, decodeLz4Frames, decodeLz4Legacy } from '../../src/bytes/index.js'
import { codeOf } from './support/codes.js'
import { chars, join, literalBlock, Writer, writeLz4Legacy } from './support/writers.js'

const max = 1 << 20
const legacy = (...blocks: Uint8Array[]) =>
  join([0x02, 0x21, 0x4c, 0x18], ...blocks.map((block) => join(size(block.length), block)))
const size = (value: number) => new Writer(true).int(4, value).done()
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** A sequence: literals, then a match of `length` bytes `offset` bytes back. Literals below 15. */
function sequence(literals: string, offset: number, length: number): Uint8Array {
  const extra = length - 19
  const token = (literals.length << 4) | Math.min(length - 4, 15)
  const more = extra < 0 ? [] : [...new Array(Math.floor(extra / 255)).fill(255), extra % 255]
  return join([token], literals, [offset & 255, offset >> 8], more)
}

/** A greedy compressor of one block: enough to make real matches of every shape. */
function compress(data: Uint8Array): Uint8Array {
  const seen = new Map<string, number>()
  const parts: Uint8Array[] = []
  let from = 0
  let at = 0
  const literals = (end: number) => data.subarray(from, end)
  while (at + 4 < data.length) {
    const key = data.subarray(at, at + 4).join()
    const before = seen.get(key)
    seen.set(key, at)
    if (before === undefined || at - before > 0xffff) {
      at++
      continue
    }
    let length = 4
    while (at + length < data.length - 1 && data[before + length] === data[at + length]) length++
    const run = literals(at)
    const runExtra = run.length - 15
    const extra = length - 19
    parts.push(
      join(
        [(Math.min(run.length, 15) << 4) | Math.min(length - 4, 15)],
        runExtra < 0 ? [] : [...new Array(Math.floor(runExtra / 255)).fill(255), runExtra % 255],
        run,
        [(at - before) & 255, (at - before) >> 8],
        extra < 0 ? [] : [...new Array(Math.floor(extra / 255)).fill(255), extra % 255],
      ),
    )
    at += length
    from = at
  }
  return join(...parts, literalBlock(data.subarray(from)))
}

describe('decodeLz4Legacy', () => {
  it('copies literals and matches, overlapping ones and far ones', () => {
    const block = join(
      sequence('ab', 2, 7),
      sequence('-', 1, 300),
      sequence('', 310, 40),
      literalBlock(chars('end')),
    )
    const expected = `ab${'ab'.repeat(3)}a${'-'.repeat(301)}`
    const far = expected.slice(expected.length - 310).slice(0, 40)
    expect(text(decodeLz4Legacy(legacy(block), 0, max))).toBe(`${expected + far}end`)
  })

  it('gives back what was compressed, block by block and frame by frame', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(3), { maxLength: 2000 }), { minLength: 1, maxLength: 3 }),
        fc.nat(3000),
        (parts, hint) => {
          const blocks = parts.map((part) => compress(Uint8Array.from(part)))
          const twice = join(legacy(...blocks), legacy(...blocks))
          const expected = join(...parts, ...parts)
          expect(decodeLz4Legacy(twice, hint, max)).toEqual(expected)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('reads long runs of literals', () => {
    const data = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7)
    expect(decodeLz4(writeLz4Legacy(data, 40_000), data.length, max)).toEqual(data)
  })

  it('stops at the limit, whatever it is told to expect', () => {
    const bomb = legacy(join(sequence('a', 1, 200_000), literalBlock(chars('b'))))
    expect(decodeLz4Legacy(bomb, 0, 200_002).length).toBe(200_002)
    // One byte too many as a literal, then in the match.
    for (const limit of [200_001, 200_000])
      for (const hint of [0, limit, 2 ** 40])
        expect(codeOf(() => decodeLz4Legacy(bomb, hint, limit))).toBe('limit-exceeded LZ4')
    const endsInMatch = legacy(join(sequence('a', 1, 200_000), literalBlock(chars(''))))
    expect(decodeLz4Legacy(endsInMatch, 0, 200_001).length).toBe(200_001)
    expect(codeOf(() => decodeLz4Legacy(endsInMatch, 0, 200_000))).toBe('limit-exceeded LZ4')
  })

  it('refuses a block of more than 8 MiB', () => {
    const block = join(sequence('a', 1, (8 << 20) + 1), literalBlock(chars('b')))
    for (const hint of [0, 64 << 20])
      expect(codeOf(() => decodeLz4Legacy(legacy(block), hint, 64 << 20))).toMatch(/^compression-corrupt/)
  })

  it.each([
    ['no magic', chars('abcdef'), 'compression-unsupported byte 0'],
    ['block size cut off', join([0x02, 0x21, 0x4c, 0x18], [1, 0]), 'compression-corrupt byte 4'],
    ['block cut off', join([0x02, 0x21, 0x4c, 0x18], size(9), [0]), 'compression-corrupt byte 4'],
    ['match before the start', legacy(sequence('a', 2, 4)), 'compression-corrupt byte 10'],
    ['offset 0', legacy(sequence('a', 0, 4)), 'compression-corrupt byte 10'],
    ['literals cut off', legacy(Uint8Array.of(0x50, 1)), 'compression-corrupt byte 9'],
    ['length cut off', legacy(Uint8Array.of(0xf0, 255)), 'compression-corrupt byte 10'],
    ['offset cut off', legacy(Uint8Array.of(0x10, 1, 1)), 'compression-corrupt byte 10'],
    ['ends in a match', legacy(sequence('a', 1, 4)), 'compression-corrupt byte 12'],
  ])('%s', (_, bytes, expected) => expect(codeOf(() => decodeLz4Legacy(bytes, 0, max))).toBe(expected))
})

describe('decodeLz4Frames', () => {
  const frame = (flags: number, ...parts: (Uint8Array | number[])[]) =>
    join([0x04, 0x22, 0x4d, 0x18, 0x40 | flags, 0x40], ...parts)
  const stored = (data: string) => join(size(data.length + 2 ** 31), data)
  const packed = (block: Uint8Array) => join(size(block.length), block)

  it('reads stored and compressed blocks, linked ones, checksums and sizes skipped', () => {
    const linked = packed(join(sequence('', 5, 5), literalBlock(chars('!'))))
    const bytes = frame(0, [0], stored('hello'), linked, size(0))
    expect(text(decodeLz4Frames(bytes, 0, max))).toBe('hellohello!')
    const sum = [9, 9, 9, 9]
    const full = frame(0x1c, new Array(8).fill(0), [0], stored('hello'), sum, linked, sum, size(0), sum)
    expect(text(decodeLz4(join(full, bytes), 0, max))).toBe('hellohello!hellohello!')
  })

  it('lets blocks that are independent not reach back', () => {
    const linked = packed(join(sequence('', 5, 5), literalBlock(chars('!'))))
    const bytes = frame(0x20, [0], stored('hello'), linked, size(0))
    expect(codeOf(() => decodeLz4Frames(bytes, 0, max))).toMatch(/^compression-corrupt/)
  })

  it.each([
    ['dictionary', frame(1, [0], size(0)), 'compression-unsupported byte 4'],
    ['no end mark', frame(0, [0], stored('a')), 'compression-corrupt byte 12'],
    ['limit', frame(0, [0], stored('a'.repeat(60)), size(0)), 'limit-exceeded LZ4'],
    ['tail', join(frame(0, [0], size(0)), 'tail-of-it'), 'compression-unsupported byte 11'],
  ])('%s', (_, bytes, expected) => expect(codeOf(() => decodeLz4Frames(bytes, 0, 50))).toBe(expected))
})
