import { Btf } from './btf.js'
import { BtfError } from './errors.js'
import { commonWords, fixedWords } from './kinds.js'
import { readBtf } from './reader.js'
import { stringStep } from './references.js'

/**
 * The length of the strings of the base that a split BTF was built on, from the split BTF alone; null where it cannot be
 * told for certain. 0 means that it was built on no base.
 *
 * Offsets of own strings start at that length, and the tools that write split BTF (libbpf's deduplication) keep each own
 * string once, next to each other, and all in use. So the highest offset in use is that of the last own string, and the
 * length found so counts only if the offsets in use, less that length, are exactly the starts of the own strings.
 */
export function recoverOriginLength(btf: Btf | Uint8Array): number | null {
  let split: Btf
  if (btf instanceof Btf) split = btf
  else {
    try {
      split = readBtf(btf)
    } catch (error) {
      if (error instanceof BtfError) return null
      throw error
    }
  }
  const { strings } = split
  const length = strings.length
  if (length === 0 || strings[length - 1] !== 0) return null
  const lastStart = length < 2 ? 0 : strings.lastIndexOf(0, length - 2) + 1
  const origin = highestOffset(split) - lastStart
  if (origin < 0) return null
  const used = new Uint8Array(length)
  if (!markUsed(split, origin, used)) return null
  let start = 1
  for (let at = 0; at < length; at++) {
    if (used[at] !== start) return null
    start = strings[at] === 0 ? 1 : 0
  }
  return origin
}

function highestOffset(split: Btf): number {
  const { words, starts } = split
  let highest = 0
  for (let index = 0, id = split.startId; index < starts.length; index++, id++) {
    const at = starts[index]!
    if (words[at]! > highest) highest = words[at]!
    const kind = split.kind(id)
    const step = stringStep(kind)
    if (step === 0) continue
    let entry = at + commonWords + fixedWords[kind]!
    for (let left = split.vlen(id); left > 0; left--, entry += step) {
      if (words[entry]! > highest) highest = words[entry]!
    }
  }
  return highest
}

/** Marks the starts of own strings that are in use; false where an offset is beyond the strings. */
function markUsed(split: Btf, origin: number, used: Uint8Array): boolean {
  const { words, starts } = split
  const length = used.length
  for (let index = 0, id = split.startId; index < starts.length; index++, id++) {
    const at = starts[index]!
    const own = words[at]! - origin
    if (own >= length) return false
    if (own >= 0) used[own] = 1
    const kind = split.kind(id)
    const step = stringStep(kind)
    if (step === 0) continue
    let entry = at + commonWords + fixedWords[kind]!
    for (let left = split.vlen(id); left > 0; left--, entry += step) {
      const ownEntry = words[entry]! - origin
      if (ownEntry >= length) return false
      if (ownEntry >= 0) used[ownEntry] = 1
    }
  }
  return true
}
