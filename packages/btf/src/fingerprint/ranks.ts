import { digestBytes } from './writer.js'

/** Digests in order. */
export interface DigestRanks {
  /** By id: the place of its digest among the distinct ones, from 0; ids of equal digests have the same. */
  readonly rankOf: Uint32Array
  /** By rank: an id that has that digest. */
  readonly idOf: Uint32Array
}

/**
 * Orders digests by their bytes; those of ids from 1 on, 32 bytes each. Digests are spread evenly, so that few share
 * their first two bytes.
 */
export function rankDigests(digests: Uint8Array): DigestRanks {
  const count = digests.length / digestBytes
  const starts = new Uint32Array(buckets + 1)
  for (let id = 1; id < count; id++) starts[bucketOf(digests, id) + 1]!++
  for (let bucket = 0; bucket < buckets; bucket++) starts[bucket + 1]! += starts[bucket]!
  const next = starts.slice(0, buckets)
  const ids = new Uint32Array(count - 1)
  for (let id = 1; id < count; id++) ids[next[bucketOf(digests, id)]!++] = id
  for (let bucket = 0; bucket < buckets; bucket++) {
    if (starts[bucket + 1]! - starts[bucket]! > 1) {
      ids.subarray(starts[bucket]!, starts[bucket + 1]!).sort((a, b) => compare(digests, a, b))
    }
  }
  const rankOf = new Uint32Array(count)
  const idOf = new Uint32Array(count - 1)
  let ranks = 0
  for (const [place, id] of ids.entries()) {
    if (place === 0 || compare(digests, ids[place - 1]!, id) !== 0) idOf[ranks++] = id
    rankOf[id] = ranks - 1
  }
  return { rankOf, idOf: idOf.subarray(0, ranks) }
}

const buckets = 0x10000

function bucketOf(digests: Uint8Array, id: number): number {
  const at = id * digestBytes
  return (digests[at]! << 8) | digests[at + 1]!
}

function compare(digests: Uint8Array, a: number, b: number): number {
  const left = a * digestBytes
  const right = b * digestBytes
  for (let at = 0; at < digestBytes; at++) {
    const difference = digests[left + at]! - digests[right + at]!
    if (difference !== 0) return difference
  }
  return 0
}
