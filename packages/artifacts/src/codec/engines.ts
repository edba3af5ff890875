import type { Duplex } from 'node:stream'
import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import { type Engine, startChild } from './child.js'
import type { Tools } from './tools.js'

/** A decoder within Node as an engine. */
export function ofTransform(transform: Duplex): Engine {
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
 * Starts the decompressor that this machine has beside Node for a stream; null where it has none, and it is code of this
 * package that decodes: `xzStream`, `zstdStream`.
 */
export function startEngine(
  format: 'xz' | 'zstd',
  limits: Limits,
  tools: Tools,
  signal: AbortSignal | undefined,
): Engine | null {
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
