import type { Btf } from './btf.js'
import { commonWords, entryWords, fixedWords, Kind, lastKind, thirdWordIsType } from './kinds.js'

/** Called for one reference: its value, and the index of its word in the record (`Btf.word(id, index)`). */
export type ReferenceVisitor = (value: number, index: number) => void

/**
 * Visits every type id that the record of type `id` refers to, in the order of the record, 0 (void) among them.
 * Kinds that are not known have none.
 */
export function visitTypeReferences(btf: Btf, id: number, visit: ReferenceVisitor): void {
  const owner = btf.ownerOf(id)
  if (owner !== null)
    recordTypeReferences(owner.words, owner.wordOf(id), owner.kind(id), owner.vlen(id), visit)
}

/** Visits every string offset in the record of type `id`, in the order of the record, 0 (no name) among them. */
export function visitStringReferences(btf: Btf, id: number, visit: ReferenceVisitor): void {
  const owner = btf.ownerOf(id)
  if (owner !== null)
    recordStringReferences(owner.words, owner.wordOf(id), owner.kind(id), owner.vlen(id), visit)
}

/** As {@link visitTypeReferences}, of the record at `words[at]`. */
export function recordTypeReferences(
  words: Uint32Array,
  at: number,
  kind: number,
  vlen: number,
  visit: ReferenceVisitor,
): void {
  if (thirdWordIsType(kind)) visit(words[at + 2]!, 2)
  if (kind === Kind.ARRAY) {
    visit(words[at + 3]!, 3)
    visit(words[at + 4]!, 4)
    return
  }
  // A member or parameter is name, type, …; a section's entry is type, offset, size.
  const isSection = kind === Kind.DATASEC
  const hasTypes = isSection || kind === Kind.STRUCT || kind === Kind.UNION || kind === Kind.FUNC_PROTO
  if (!hasTypes) return
  const step = entryWords[kind]!
  for (let entry = 0, index = commonWords + (isSection ? 0 : 1); entry < vlen; entry++, index += step) {
    visit(words[at + index]!, index)
  }
}

/** As {@link visitStringReferences}, of the record at `words[at]`. */
export function recordStringReferences(
  words: Uint32Array,
  at: number,
  kind: number,
  vlen: number,
  visit: ReferenceVisitor,
): void {
  visit(words[at]!, 0)
  const step = stringStep(kind)
  if (step === 0) return
  for (let entry = 0, index = commonWords + fixedWords[kind]!; entry < vlen; entry++, index += step) {
    visit(words[at + index]!, index)
  }
}

/** Words from one entry's name to the next in a record of this kind; 0 where its entries have no names. */
export function stringStep(kind: number): number {
  return kind > lastKind || kind === Kind.DATASEC ? 0 : entryWords[kind]!
}
