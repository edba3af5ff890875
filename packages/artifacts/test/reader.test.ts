import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, type ByteStream } from '../src/source/reader.js'
import { streamOf } from './support/bytes.js'

const content = Uint8Array.from({ length: 5000 }, (_, at) => (at * 7) % 251)

/** A source that overwrites every chunk that comes back, as a decoder does that fills it anew. */
function scribbling(size: number): { source: ByteStream; back: () => number } {
  let back = 0
  const spent = (chunk: Uint8Array) => {
    back += chunk.length
    chunk.fill(0xff)
  }
  const stream = streamOf(Uint8Array.from(content), size)
  return { source: { [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](), spent }, back: () => back }
}

describe('a source that wants its chunks back', () => {
  it('gets each once all of it was taken, and what was given before stays as it was', async () => {
    const step = fc.tuple(
      fc.constantFrom('take', 'into', 'lend', 'some', 'peek', 'skip'),
      fc.integer({ min: 0, max: 700 }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.constantFrom(1, 100, 512, 5000),
        async (steps, size) => {
          const { source, back } = scribbling(size)
          const reader = new ByteReader(source)
          const given: { at: number; bytes: Uint8Array }[] = []
          for (const [how, count] of steps) {
            const at = reader.offset
            if (at + count > content.length) break
            if (how === 'take') given.push({ at, bytes: await reader.take(count, 'it') })
            else if (how === 'some')
              given.push({ at, bytes: (await reader.some(count + 1)) ?? new Uint8Array(0) })
            else if (how === 'skip') await reader.skip(count, 'it')
            else if (how === 'peek') {
              await reader.fill(count)
              given.push({ at, bytes: reader.peek(count) })
            } else if (how === 'into') {
              const bytes = new Uint8Array(count)
              await reader.takeInto(bytes, 'it')
              given.push({ at, bytes })
            } else {
              const memory = () => new Uint8Array(count)
              const lent = await reader.lend(count, 'it', memory, (bytes) => Uint8Array.from(bytes))
              given.push({ at, bytes: lent })
            }
          }
          await reader.drain()
          expect(back()).toBe(content.length)
          for (const { at, bytes } of given) {
            expect(Buffer.from(content.subarray(at, at + bytes.length)).equals(bytes)).toBe(true)
          }
        },
      ),
    )
  })
})

describe('what is lent', () => {
  it('lies where the source has it, or in the memory that was given for it', async () => {
    const reader = new ByteReader(streamOf(content, 1000))
    const memory = new Uint8Array(600)
    const lend = (count: number) =>
      reader.lend(
        count,
        'it',
        () => memory.subarray(0, count),
        (bytes) => bytes,
      )
    expect((await lend(600)).buffer).not.toBe(memory.buffer)
    const split = await lend(600)
    expect(split.buffer).toBe(memory.buffer)
    expect(Buffer.from(content.subarray(600, 1200)).equals(split)).toBe(true)
  })

  it('is nothing where the source ends before', async () => {
    const reader = new ByteReader(streamOf(content, 1000))
    const lent = reader.lend(
      5001,
      'a member',
      () => new Uint8Array(5001),
      () => 'used',
    )
    await expect(lent).rejects.toMatchObject({ code: 'archive-truncated', at: '5000' })
  })
})
