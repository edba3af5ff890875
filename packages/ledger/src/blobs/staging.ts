import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { LedgerError } from '../errors.js'
import type { PutOptions, StoredBlob } from './types.js'

/** Whether a text is a SHA-256 in lower-case hex: nothing else becomes part of a path or a key. */
export function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

/**
 * Hands each chunk of a source to `write` and hashes it; ends in an error where the source is too long, is not what was
 * announced, or was aborted. Errors of the source pass as they are, those of `write` as the store's.
 */
export async function hashInto(
  source: AsyncIterable<Uint8Array>,
  { maxBytes, expectedSha256, signal }: PutOptions,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<StoredBlob> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of source) {
    signal?.throwIfAborted()
    size += chunk.length
    if (size > maxBytes) throw new LedgerError('blob-too-large', `More than ${maxBytes} bytes were sent.`)
    hash.update(chunk)
    await guarded(() => write(chunk))
  }
  signal?.throwIfAborted()
  const sha256 = hash.digest('hex')
  if (expectedSha256 !== undefined && sha256 !== expectedSha256)
    throw new LedgerError('blob-digest-mismatch', `${expectedSha256} was announced, ${sha256} was sent.`)
  return { sha256, size }
}

/**
 * The bytes of a file, in one piece of memory: each chunk is good until the next one is asked for. Fresh memory for each would
 * make V8 collect garbage in the middle of a large file.
 */
export async function* fileChunks(file: string): AsyncGenerator<Uint8Array> {
  const handle = await open(file)
  try {
    const chunk = Buffer.allocUnsafeSlow(1 << 20)
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length)
      if (bytesRead === 0) return
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** Throws `blob-damaged` where a file does not hold what its name says: verdicts are recorded under that name. */
export async function refuseDamaged(file: string, sha256: string): Promise<void> {
  const most = { maxBytes: Number.POSITIVE_INFINITY }
  const found = await guarded(() => hashInto(fileChunks(file), most, async () => {}))
  if (found.sha256 !== sha256)
    throw new LedgerError('blob-damaged', `What is stored as ${sha256} has the SHA-256 ${found.sha256}.`)
}

/** Whether an error says that a file or folder is not there. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Runs a step of the store itself: what the system refuses there becomes the store's error. */
export async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw storeError(error)
  }
}

/** An error of the store itself, unless it is one that has its code already. */
export function storeError(cause: unknown): unknown {
  if (cause instanceof LedgerError) return cause
  const isSystem = cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
  return isSystem ? new LedgerError('blob-store-failed', `${cause.code}: ${cause.message}`, { cause }) : cause
}
