import type { Duplex } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import { type Engine, startChild } from './child.js'
import type { Tools } from './tools.js'

/** Compression that streams are decoded from. */
export type StreamFormat = 'gzip' | 'xz' | 'zstd'

/** Bytes of output that a decoder within Node hands over at a time. */
const chunkBytes = 1 << 18

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
  if (format === 'gzip') return ofTransform(createGunzip({ chunkSize: chunkBytes }))
  if (format === 'xz') {
    if (tools.xz === null) return null
    const memory = limits.xzMemoryBytes
    const threads = tools.xzThreads ? ['-T0', `--memlimit-mt-decompress=${memory}`] : []
    return startChild(tools.xz, [...threads, '-dc', `--memlimit-decompress=${memory}`], limits, signal)
  }
  // Not Node's own zstd: it takes the end of the first frame for the end of the file, and says nothing of what follows.
  if (tools.zstd === null) return null
  return startChild(tools.zstd, ['-dcq', `--memory=${limits.zstdWindowBytes}`], limits, signal)
}
