import { createRequire } from 'node:module'
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

const require = createRequire(import.meta.url)

/** The parts of node-liblzma that are used. It comes prebuilt for some machines only, so it is loaded when it is needed. */
interface Liblzma {
  createUnxz(options: { chunkSize: number }): Duplex & { close(): void }
}

let loaded: Liblzma | null | undefined

/** node-liblzma, or null where it has no build for this machine. */
export function liblzma(): Liblzma | null {
  if (loaded === undefined) {
    try {
      loaded = require('node-liblzma') as Liblzma
    } catch {
      loaded = null
    }
  }
  return loaded
}

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
function ofTransform(transform: Duplex, close: () => void): Engine {
  const finished = new Promise<void>((resolve, reject) => {
    transform.once('end', resolve)
    transform.once('error', (error) => reject(new ArtifactError('compression-corrupt', null, error.message)))
    transform.once('close', () => reject(new ArtifactError('compression-corrupt', null, 'It ended early')))
  })
  finished.catch(() => {})
  const stop = () => {
    close()
    transform.destroy()
  }
  return { input: transform, output: transform, finished, stop }
}

/** The error for xz where nothing can decode it. */
export function noXz(): ArtifactError {
  return new ArtifactError(
    'compression-unsupported',
    null,
    'This machine cannot decode xz: install xz (xz-utils)',
  )
}

function startXz(limits: Limits, tools: Tools, signal: AbortSignal | undefined): Engine {
  const memory = limits.xzMemoryBytes
  if (tools.xz !== null) {
    const threads = tools.xzThreads ? ['-T0', `--memlimit-mt-decompress=${memory}`] : []
    return startChild(tools.xz, [...threads, '-dc', `--memlimit-decompress=${memory}`], limits, signal)
  }
  const library = liblzma()
  if (library === null) throw noXz()
  const transform = library.createUnxz({ chunkSize: chunkBytes })
  return ofTransform(transform, () => transform.close())
}

/** Starts the best decoder that this machine has for a stream; null for zstd where it has none: see `zstdStream`. */
export function startEngine(
  format: StreamFormat,
  limits: Limits,
  tools: Tools,
  signal: AbortSignal | undefined,
): Engine | null {
  if (format === 'xz') return startXz(limits, tools, signal)
  if (format === 'gzip') return ofTransform(zlib.createGunzip({ chunkSize: chunkBytes }), () => {})
  if (zlibZstd !== null) {
    const options = { chunkSize: chunkBytes, ...zstdOptions(limits) }
    return ofTransform(zlibZstd.createZstdDecompress(options), () => {})
  }
  if (tools.zstd === null) return null
  return startChild(tools.zstd, ['-dcq', `--memory=${limits.zstdWindowBytes}`], limits, signal)
}
