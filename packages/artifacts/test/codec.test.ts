import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { xzSync } from 'node-liblzma'
import { describe, expect, it } from 'vitest'
import { xzDictionary, xzFacts } from '../src/codec/xz.js'
import { ArtifactError, decompressBytes, decompressStream, limits, noTools } from '../src/index.js'
import { rejection } from './bytes/support/codes.js'
import { drain, streamOf, waysToDecode } from './support/bytes.js'
import { storedZstd, zstdBomb, zstdFixture, zstdTexts } from './support/texts.js'

const text = zstdTexts.numbers!
const packed = {
  gzip: (content: Uint8Array) => new Uint8Array(gzipSync(content)),
  xz: (content: Uint8Array) => new Uint8Array(xzSync(Buffer.from(content))),
  zstd: (content: Uint8Array) => storedZstd(content),
} as const
const formats = ['gzip', 'xz', 'zstd'] as const
const ways = await waysToDecode()
const cases = ways.flatMap(([name, tools]) => formats.map((format) => ({ name, tools, format })))

describe.each(cases)('$format with $name', ({ format, tools }) => {
  const whole = packed[format](text)
  const options = { tools }

  it('gives back what was compressed, from a stream and from memory', async () => {
    for (const size of [1, 7, 4096, whole.length]) {
      const { bytes, error } = await drain(
        decompressStream(format, streamOf(whole.subarray(), size), 1e6, options),
      )
      expect(error).toBeNull()
      expect(bytes.equals(text)).toBe(true)
      if (size === 1 && whole.length > 5000) break
    }
    for (const hint of [0, 10, text.length, 2 * text.length]) {
      const bytes = await decompressBytes(format, whole, 1e6, hint, options)
      expect(Buffer.from(bytes).equals(text)).toBe(true)
    }
  })

  it('goes on with what is concatenated', async () => {
    const twice = Buffer.concat([whole, whole])
    const { bytes, error } = await drain(decompressStream(format, streamOf(twice), 1e6, options))
    expect(error).toBeNull()
    expect(bytes.equals(Buffer.concat([text, text]))).toBe(true)
    const inMemory = await decompressBytes(format, twice, 1e6, 0, options)
    expect(Buffer.from(inMemory).equals(Buffer.concat([text, text]))).toBe(true)
  })

  it('says that a cut input is corrupt, after what was whole', async () => {
    for (const end of [0.3, 0.9, 1].map((part) => Math.floor(whole.length * part) - 1)) {
      const cut = whole.subarray(0, end)
      const { bytes, error } = await drain(decompressStream(format, streamOf(cut), 1e6, options))
      expect((error as ArtifactError).code).toBe('compression-corrupt')
      expect(text.subarray(0, bytes.length).equals(bytes)).toBe(true)
      expect(await rejection(decompressBytes(format, cut, 1e6, 0, options))).toMatch(/^compression-corrupt/)
    }
  })

  it('stops at the size that is allowed', async () => {
    const stream = await drain(decompressStream(format, streamOf(whole), 1000, options))
    expect((stream.error as ArtifactError).code).toBe('limit-exceeded')
    expect(await rejection(decompressBytes(format, whole, 1000, 0, options))).toMatch(/^limit-exceeded/)
    expect((await decompressBytes(format, whole, text.length, 0, options)).length).toBe(text.length)
  })

  it('stops a bomb by its ratio', async () => {
    const bomb = format === 'zstd' ? zstdBomb(300) : packed[format](Buffer.alloc(300 << 17))
    const { bytes, error } = await drain(decompressStream(format, streamOf(bomb, 1 << 20), 1e9, options))
    expect((error as ArtifactError).code).toBe('limit-exceeded')
    expect(bytes.length).toBeLessThanOrEqual(limits.ratioFreeBytes)
    expect(await rejection(decompressBytes(format, bomb, 1e9, 0, options))).toMatch(/^limit-exceeded/)
  })

  it('hands the failure of its source on', async () => {
    const failure = new Error('the upload stopped')
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield whole.subarray(0, 30)
      throw failure
    }
    const { error } = await drain(decompressStream(format, failing(), 1e6, options))
    expect(error).toBe(failure)
  })

  it('lets go of its source when nobody reads on', async () => {
    let closed = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield whole
        for (;;) yield format === 'zstd' ? whole : packed[format](text)
      } finally {
        closed = true
      }
    }
    for await (const _part of decompressStream(format, endless(), 1e9, options)) break
    expect(closed).toBe(true)
  })

  it('never throws anything but an ArtifactError', async () => {
    const damage = fc.record({ at: fc.nat(whole.length - 1), byte: fc.integer({ min: 1, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
        const broken = Uint8Array.from(whole)
        for (const { at, byte } of damages) broken[at]! ^= byte
        const bytes = await decompressBytes(format, broken, 1e6, 0, options).catch((error: unknown) => error)
        expect(bytes instanceof Uint8Array || bytes instanceof ArtifactError).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})

describe('children', () => {
  const found = ways.find(([name]) => name === 'tools')?.[1]
  it.skipIf(found === undefined || found.xz === null)('are killed by an aborted signal', async () => {
    const controller = new AbortController()
    const many = Buffer.concat(Array.from({ length: 64 }, (_, i) => packed.xz(Buffer.alloc(1 << 16, i))))
    async function* source(): AsyncGenerator<Uint8Array> {
      yield many
      controller.abort()
    }
    const options = { tools: found!, signal: controller.signal }
    const { error } = await drain(decompressStream('xz', source(), 1e9, options))
    expect((error as ArtifactError).code).toBe('compression-corrupt')
  })

  it.skipIf(found === undefined || found.xz === null)('that take too long are killed', async () => {
    let resume = () => {}
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield packed.xz(text)
      await new Promise<void>((resolve) => {
        resume = resolve
      })
    }
    const options = { tools: found!, limits: { ...limits, childMilliseconds: 1 } }
    const running = drain(decompressStream('xz', slow(), 1e6, options))
    // Long after the child's time is over, also where the machine is busy.
    const timer = setInterval(() => resume(), 2_000)
    const { error } = await running
    clearInterval(timer)
    expect((error as ArtifactError).code).toBe('limit-exceeded')
  })

  it('that cannot be started are an error', async () => {
    const tools = { xz: '/nonexistent/xz', xzThreads: true, zstd: null }
    const { error } = await drain(decompressStream('xz', streamOf(packed.xz(text)), 1e6, { tools }))
    expect((error as ArtifactError).code).toBe('compression-unsupported')
  })
})

describe('xz', () => {
  it('tells its size and its dictionary before it is decoded', () => {
    const facts = xzFacts(packed.xz(text))
    expect(facts).toEqual({ size: text.length, dictionary: 8 << 20 })
    expect(xzFacts(Buffer.concat([packed.xz(text), Buffer.alloc(8)])).size).toBe(text.length)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        xzFacts(bytes)
        xzDictionary(bytes)
      }),
    )
  })

  it('with a dictionary beyond the memory is not decoded', async () => {
    const options = { tools: noTools, limits: { ...limits, xzMemoryBytes: 1 << 20 } }
    expect(await rejection(decompressBytes('xz', packed.xz(text), 1e6, 0, options))).toMatch(
      /^limit-exceeded/,
    )
  })
})

describe('zstd', () => {
  const names = Object.keys(zstdTexts).flatMap((name) =>
    name === 'empty' ? ['empty'] : [`${name}-1`, `${name}-19`, `${name}-pipe`],
  )
  it.each([...names, 'numbers-long'])('%s as the zstd program wrote it', async (name) => {
    const expected = zstdTexts[name.split('-')[0]!]!
    const bytes = zstdFixture(name)
    for (const [, tools] of ways) {
      expect(Buffer.from(await decompressBytes('zstd', bytes, 1e6, 0, { tools })).equals(expected)).toBe(true)
      const stream = await drain(decompressStream('zstd', streamOf(bytes, 5), 1e6, { tools }))
      expect([stream.error, stream.bytes.equals(expected)]).toEqual([null, true])
    }
  })

  it('passes over skippable frames, and refuses what follows its frames', async () => {
    const skippable = Buffer.from([0x51, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9])
    const mixed = Buffer.concat([skippable, zstdFixture('one-1'), skippable, zstdFixture('one-pipe')])
    const bytes = await decompressBytes('zstd', mixed, 1e6)
    expect(Buffer.from(bytes).toString()).toBe('aa')
    for (const size of [1, 20, mixed.length]) {
      const stream = await drain(decompressStream('zstd', streamOf(mixed, size), 1e6))
      expect([stream.error, stream.bytes.toString()]).toEqual([null, 'aa'])
    }
    const garbage = Buffer.concat([zstdFixture('one-1'), Buffer.from('garbage')])
    expect(await rejection(decompressBytes('zstd', garbage, 1e6))).toMatch(/^compression-corrupt/)
    expect((await drain(decompressStream('zstd', streamOf(garbage), 1e6))).error).toBeInstanceOf(
      ArtifactError,
    )
  })

  it('refuses a window that is too large', async () => {
    // Window descriptor 0x90: 2^(10+18) bytes.
    const wide = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x90, 1, 0, 0])
    for (const [, tools] of ways) {
      expect(await rejection(decompressBytes('zstd', wide, 1e6, 0, { tools }))).toMatch(/^limit-exceeded/)
      const { error } = await drain(decompressStream('zstd', streamOf(wide), 1e6, { tools }))
      expect((error as ArtifactError).code).toBe('limit-exceeded')
    }
  })

  it('says that a size is a lie', async () => {
    const lie = Buffer.from(storedZstd(Buffer.from('abc')))
    lie.writeUInt32LE(2, 6)
    expect(await rejection(decompressBytes('zstd', lie, 1e6))).toMatch(/^compression-corrupt/)
    lie.writeUInt32LE(4, 6)
    expect(await rejection(decompressBytes('zstd', lie, 1e6))).toMatch(/^compression-corrupt/)
    expect((await drain(decompressStream('zstd', streamOf(lie), 1e6))).error).toBeInstanceOf(ArtifactError)
  })

  it('takes no more than what is there, whatever is changed in compressed blocks', async () => {
    const files = ['numbers-1', 'numbers-19', 'numbers-pipe', 'numbers-long', 'zeros-19'].map(zstdFixture)
    const damage = fc.record({ at: fc.nat(), byte: fc.integer({ min: 1, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(damage, { minLength: 1, maxLength: 6 }),
        async (file, damages) => {
          const broken = Uint8Array.from(file)
          for (const { at, byte } of damages) broken[at % broken.length]! ^= byte
          const result = await decompressBytes('zstd', broken, 1e6).catch((error: unknown) => error)
          expect(result instanceof Uint8Array || result instanceof ArtifactError).toBe(true)
          if (result instanceof Uint8Array) expect(result.length).toBeLessThanOrEqual(1e6)
          const { bytes, error } = await drain(decompressStream('zstd', streamOf(broken, 500), 1e6))
          expect(error === null || error instanceof ArtifactError).toBe(true)
          // Both ways to decode agree.
          if (result instanceof Uint8Array) expect(bytes.equals(result)).toBe(true)
          else expect(error).not.toBeNull()
        },
      ),
      { numRuns: 400 },
    )
  })

  it('is cut at every byte', async () => {
    const file = zstdFixture('numbers-19')
    for (let end = 1; end < file.length; end += 7) {
      expect(await rejection(decompressBytes('zstd', file.subarray(0, end), 1e6))).toMatch(
        /^compression-corrupt/,
      )
    }
  })
})
