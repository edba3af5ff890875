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
  if (owner === null) return
  const { words } = owner
  const at = owner.wordOf(id)
  const kind = owner.kind(id)
  if (kind > lastKind) return
  if (thirdWordIsType(kind)) visit(words[at + 2]!, 2)
  if (kind === Kind.ARRAY) {
    visit(words[at + 3]!, 3)
    visit(words[at + 4]!, 4)
    return
  }
  // A member or parameter is name, type, …; a section's entry is type, offset, size.
  const field = kind === Kind.DATASEC ? 0 : 1
  const entries =
    kind === Kind.STRUCT || kind === Kind.UNION || kind === Kind.FUNC_PROTO || kind === Kind.DATASEC
  if (!entries) return
  const step = entryWords[kind]!
  const vlen = owner.vlen(id)
  for (let entry = 0, index = commonWords + field; entry < vlen; entry++, index += step) {
    visit(words[at + index]!, index)
  }
}

/** Visits every string offset in the record of type `id`, in the order of the record, 0 (no name) among them. */
export function visitStringReferences(btf: Btf, id: number, visit: ReferenceVisitor): void {
  const owner = btf.ownerOf(id)
  if (owner === null) return
  const { words } = owner
  const at = owner.wordOf(id)
  visit(words[at]!, 0)
  const kind = owner.kind(id)
  if (kind > lastKind || kind === Kind.DATASEC) return
  const step = entryWords[kind]!
  if (step === 0) return
  const vlen = owner.vlen(id)
  for (let entry = 0, index = commonWords + fixedWords[kind]!; entry < vlen; entry++, index += step) {
    visit(words[at + index]!, index)
  }
}
