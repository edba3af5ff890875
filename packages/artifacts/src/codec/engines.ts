import type { Duplex } from 'node:stream'
import * as zlib from 'node:zlib'
import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import { type Engine, startChild } from './child.js'
import type { Tools } from './tools.js'

/** Compression that streams are decoded from. */
export type StreamFormat = 'gzip' | 'xz' | 'zstd'

/** Bytes of output that a decoder within Node hands over at a time. */
const chunkBytes = 1 << 18

/** `createZstdDecompress` and `zstdDecompress` came with Node 22.15. */
export interface ZlibZstd {
  createZstdDecompress(options: object): Duplex
  zstdDecompress(bytes: Uint8Array, options: object, done: (error: Error | null, out: Buffer) => void): void
}

/** Node's own zstd, or null where this Node has none. */
export const zlibZstd: ZlibZstd | null = 'createZstdDecompress' in zlib ? (zlib as unknown as ZlibZstd) : null

/** Options that bound the window of Node's own zstd. */
export function zstdOptions(limits: Limits): object {
  const { ZSTD_d_windowLogMax: windowLogMax } = zlib.constants as unknown as Record<string, number>
  return { params: { [windowLogMax!]: Math.floor(Math.log2(limits.zstdWindowBytes)) } }
}

/** A decoder within Node as an engine. */
function ofTransform(transform: Duplex): Engine {
  const finished = new Promise<void>((resolve, reject) => {
    transform.once('end', resolve)
    transform.once('error', (error) => reject(new ArtifactError('compression-corrupt', null, error.message)))
    transform.once('close', () => reject(new ArtifactError('compression-corrupt', null, 'It ended early')))
  })
  finished.catch(() => {})
  const stop = () => void transform.destroy()
  return { input: transform, output: transform, finished, stop }
}

/**
 * Starts the best decoder that this machine has for a stream; null for xz and zstd where that is code of this package:
 * `xzStream`, `zstdStream`.
 */
export function startEngine(
  format: StreamFormat,
  limits: Limits,
  tools: Tools,
  signal: AbortSignal | undefined,
): Engine | null {
  if (format === 'gzip') return ofTransform(zlib.createGunzip({ chunkSize: chunkBytes }))
  if (format === 'xz') {
    if (tools.xz === null) return null
    const memory = limits.xzMemoryBytes
    const threads = tools.xzThreads ? ['-T0', `--memlimit-mt-decompress=${memory}`] : []
    return startChild(tools.xz, [...threads, '-dc', `--memlimit-decompress=${memory}`], limits, signal)
  }
  if (zlibZstd !== null) {
    const options = { chunkSize: chunkBytes, ...zstdOptions(limits) }
    return ofTransform(zlibZstd.createZstdDecompress(options))
  }
  if (tools.zstd === null) return null
  return startChild(tools.zstd, ['-dcq', `--memory=${limits.zstdWindowBytes}`], limits, signal)
}
