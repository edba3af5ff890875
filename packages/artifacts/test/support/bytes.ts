import { findTools, noTools, type Tools } from '../../src/index.js'

/** Content of a file, as text or bytes. */
export type Content = string | Uint8Array

export function bytesOf(content: Content): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content
}

/** Bytes as a stream of parts of `size`. */
export async function* streamOf(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** All bytes of a stream, and the error that it ended with. */
export async function drain(stream: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; error: unknown }> {
  const parts: Uint8Array[] = []
  let error: unknown = null
  try {
    for await (const part of stream) parts.push(part)
  } catch (thrown) {
    error = thrown
  }
  return { bytes: Buffer.concat(parts), error }
}

/** The ways to decode that this machine has: with the tools on its path, and without any. */
export async function waysToDecode(): Promise<readonly (readonly [name: string, tools: Tools])[]> {
  const found = await findTools()
  if (found.xz === null && found.zstd === null) return [['Node alone', noTools]]
  return [
    ['Node alone', noTools],
    ['tools', found],
  ]
}
