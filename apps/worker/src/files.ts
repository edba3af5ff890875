import type { BlobStore } from '@basedrift/ledger'

/** Runs `use` with local files that hold the blobs, in the order of `hashes`. */
export function withFiles<T>(
  blobs: Pick<BlobStore, 'withFile'>,
  hashes: readonly string[],
  use: (paths: readonly string[]) => Promise<T>,
  paths: readonly string[] = [],
): Promise<T> {
  const [next, ...rest] = hashes
  if (next === undefined) return use(paths)
  return blobs.withFile(next, (path) => withFiles(blobs, rest, use, [...paths, path]))
}
