import type { ClassedBase } from '../binding/classes.js'
import { commonWords, fixedWords } from '../kinds.js'
import { stringStep } from '../references.js'
import type { Correspondence } from './correspond.js'

/** How many types moved by one shift of their ids: the id in B less that in A. */
export interface ShiftBucket {
  readonly by: number
  readonly types: number
}

/** Shifts that are listed. */
const mostBuckets = 16

/** Whether two bases hold the same records under the same ids, names as texts. */
export function sameRecords(a: ClassedBase, b: ClassedBase): boolean {
  if (a.btf.typeCount !== b.btf.typeCount) return false
  for (let id = 1; id <= a.btf.lastId; id++) if (!sameRecord(a, b, id)) return false
  return true
}

/**
 * The first id under which two bases hold different definitions; else the first under which the records differ, as they do
 * where one leads to another repetition of a type; null where there is none. Ids in the records do not count as long as what
 * they denote agrees: whatever refers to a later type changes before it.
 */
export function firstDiverging(a: ClassedBase, b: ClassedBase): number | null {
  const shared = Math.min(a.btf.lastId, b.btf.lastId)
  const left = a.definition
  const right = b.definition
  for (let id = 1; id <= shared; id++) if (left[id] !== right[id]) return id
  if (a.btf.lastId !== b.btf.lastId) return shared + 1
  for (let id = 1; id <= shared; id++) if (!sameRecord(a, b, id)) return id
  return null
}

function sameRecord(a: ClassedBase, b: ClassedBase, id: number): boolean {
  const wordsA = a.btf.words
  const wordsB = b.btf.words
  const startA = a.btf.wordOf(id)
  const startB = b.btf.wordOf(id)
  const length = (a.btf.starts[id] ?? wordsA.length) - startA
  if (length !== (b.btf.starts[id] ?? wordsB.length) - startB) return false
  const kind = a.btf.kind(id)
  if (kind !== b.btf.kind(id) || a.btf.vlen(id) !== b.btf.vlen(id)) return false
  if (a.btf.kindFlag(id) !== b.btf.kindFlag(id)) return false
  if (a.name(wordsA[startA]!) !== b.name(wordsB[startB]!)) return false
  const step = stringStep(kind)
  const entries = step === 0 ? length : commonWords + fixedWords[kind]!
  for (let index = 2; index < length; index++) {
    const left = wordsA[startA + index]!
    const right = wordsB[startB + index]!
    const isName = index >= entries && (index - entries) % step === 0
    if (isName ? a.name(left) !== b.name(right) : left !== right) return false
  }
  return true
}

/** How far the types that correspond are from each other. */
export function shiftsOf({ counterpart, changed }: Correspondence): {
  corresponding: number
  moved: number
  distinct: number
  buckets: ShiftBucket[]
  inOrder: boolean
} {
  const redefined = new Set(changed.map(([id]) => id))
  let inOrder = true
  let last = 0
  const counts = new Map<number, number>()
  let corresponding = 0
  for (let id = 1; id < counterpart.length; id++) {
    const place = counterpart[id]!
    if (place === 0) continue
    corresponding++
    counts.set(place - id, (counts.get(place - id) ?? 0) + 1)
    if (redefined.has(id)) continue
    if (place < last) inOrder = false
    last = place
  }
  const buckets = Array.from(counts, ([by, types]) => ({ by, types }))
  buckets.sort((one, other) => other.types - one.types || one.by - other.by)
  return {
    corresponding,
    moved: corresponding - (counts.get(0) ?? 0),
    distinct: buckets.length,
    buckets: buckets.slice(0, mostBuckets),
    inOrder,
  }
}
