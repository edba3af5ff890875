import fc from 'fast-check'
import { check, xzSync } from 'node-liblzma'
import { describe, expect, it } from 'vitest'
import { hasSizedBlocks } from '../src/codec/xz-blocks.js'
import { type ArtifactError, decompressStream, limits, noTools } from '../src/index.js'
import { drain, streamOf } from './support/bytes.js'

// Blocks of 1 MiB, each with its sizes in its header and a check of its content, as `xz -T` writes them; 32 bytes repeat so
// that little is left of them.
const content = Buffer.alloc(3_500_000, 'thirty-two bytes, again and again')
const whole = new Uint8Array(xzSync(content, { threads: 2, preset: 0, check: check.CRC64 }))
const unsized = new Uint8Array(xzSync(content, { preset: 0 }))
const decode = (bytes: Uint8Array, most = 1e8, own = limits, size = 1000) =>
  drain(decompressStream('xz', streamOf(bytes, size), most, { tools: noTools, limits: own }))
const codeOf = (error: unknown) => (error as ArtifactError | null)?.code ?? null

describe('xz with sized blocks', () => {
  it('is told from other xz by its first block', () => {
    expect(hasSizedBlocks(whole.subarray(0, 1036), limits)).toBe(true)
    expect(hasSizedBlocks(unsized.subarray(0, 1036), limits)).toBe(false)
    expect(hasSizedBlocks(whole.subarray(0, 1036), { ...limits, xzMemoryBytes: 1 << 20 })).toBe(false)
    expect(hasSizedBlocks(new Uint8Array(0), limits)).toBe(false)
  })

  it('gives what was compressed, in whatever parts it comes', async () => {
    for (const size of [1, 77, 1 << 20]) {
      const { bytes, error } = await decode(whole, 1e8, limits, size)
      expect([error, bytes.equals(content)]).toEqual([null, true])
    }
  })

  it('fills the memory that comes back to it, and gives what was compressed', async () => {
    const stream = decompressStream('xz', streamOf(Buffer.concat([whole, whole, whole])), 1e8, {
      tools: noTools,
    })
    const memory = new Set<ArrayBufferLike>()
    const parts: Buffer[] = []
    for await (const chunk of stream) {
      memory.add(chunk.buffer)
      parts.push(Buffer.from(chunk))
      stream.spent?.(chunk)
    }
    expect(Buffer.concat(parts).equals(Buffer.concat([content, content, content]))).toBe(true)
    expect(parts.length).toBeGreaterThan(2 * memory.size)
  })

  it('may be followed by padding and other streams, and by nothing else', async () => {
    const two = await decode(Buffer.concat([whole, Buffer.alloc(8), whole]))
    expect([two.error, two.bytes.equals(Buffer.concat([content, content]))]).toEqual([null, true])
    for (const after of [Buffer.alloc(3), Buffer.from('garbage behind it')]) {
      const { bytes, error } = await decode(Buffer.concat([whole, after]))
      expect([codeOf(error), bytes.equals(content)]).toEqual(['compression-corrupt', true])
    }
  })

  it('gives what is whole where it is cut', async () => {
    for (let end = 13; end < whole.length; end += 61) {
      const { bytes, error } = await decode(whole.subarray(0, end))
      expect(codeOf(error)).toBe('compression-corrupt')
      expect(content.subarray(0, bytes.length).equals(bytes)).toBe(true)
    }
    // Of the last block, too, what there is of it.
    const { bytes } = await decode(whole.subarray(0, whole.length - 120))
    expect(bytes.length).toBeGreaterThan(3 << 20)
  })

  it('finds every damage', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, byte) => {
        const broken = Uint8Array.from(whole)
        broken[at]! ^= byte
        const { bytes, error } = await decode(broken)
        expect(['compression-corrupt', 'limit-exceeded']).toContain(codeOf(error))
        expect(bytes.length).toBeLessThanOrEqual(content.length)
      }),
      { numRuns: 150 },
    )
  })

  it('stops at its limits', async () => {
    expect(codeOf((await decode(whole, 1 << 20)).error)).toBe('limit-exceeded')
    const ratio = { ...limits, ratio: 50, ratioFreeBytes: 1 << 20 }
    expect(codeOf((await decode(whole, 1e8, ratio)).error)).toBe('limit-exceeded')
  })

  it('hands the failure of its source on, after what was whole', async () => {
    const failure = new Error('the upload stopped')
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield whole.subarray(0, whole.length - 300)
      throw failure
    }
    const { bytes, error } = await drain(decompressStream('xz', failing(), 1e8, { tools: noTools }))
    expect(error).toBe(failure)
    expect(bytes.length).toBeGreaterThan(2 << 20)
  })
})
