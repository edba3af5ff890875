import { ascii, cString } from './binary.js'
import type { Elf, ElfSection } from './elf.js'
import { type Report, usable } from './imports.js'
import { byteLimits } from './limits.js'
import { type Label, labels, type SymbolTable, symbolSection, symbolValue } from './symbol-table.js'
import type { BtfId, BtfIdSet, BtfIdSymbol, BtfIds } from './types.js'

const sectionName = ascii('.BTF_ids')
const prefix = ascii('__BTF_ID__')

interface Mark extends BtfIdSymbol {
  readonly at: number
}

/** `__BTF_ID__KIND__NAME__NUMBER`; sets have no number (tools/bpf/resolve_btfids). */
function markOf(elf: Elf, table: SymbolTable, { name, index }: Label): Mark | null {
  const rest = cString(elf.bytes, name, table.namesEnd, byteLimits.nameBytes)
  const split = rest.indexOf('__')
  if (split < 0) return null
  const kind = rest.slice(0, split)
  const isSet = kind === 'set' || kind === 'set8'
  const named = rest.slice(split + 2)
  return { at: symbolValue(elf, table, index), kind, name: isSet ? named : named.replace(/__\d+$/, '') }
}

/**
 * Reads `.BTF_ids` by the `__BTF_ID__` symbols in it; null where there is no such section. What does not fit the section, and what
 * stands in it without a symbol, is reported as `btf-ids-malformed` and left out: the ids are then not `complete`.
 */
export function readBtfIds(elf: Elf, table: SymbolTable | null, report: Report): BtfIds | null {
  const there = elf.find(sectionName)
  if (there === null || there.size === 0) return null
  const section = usable(elf, sectionName, report)
  if (section === null) return { complete: false, sets: [], list: [] }
  const marks =
    table === null
      ? []
      : labels(elf, table, prefix)
          .filter(({ index }) => symbolSection(elf, table, index) === section.index)
          .flatMap((label) => markOf(elf, table, label) ?? [])
          .sort((a, b) => a.at - b.at)
  const ids = new IdsReader(elf, section)
  for (const mark of marks) ids.take(mark)
  const found = ids.finish()
  if (!found.complete) report('btf-ids-malformed', '.BTF_ids')
  return found
}

/** A set that is being read: where its entries are, and the place of its last member. */
interface OpenSet {
  readonly set: BtfIdSet & { readonly members: BtfIdSymbol[] }
  readonly first: number
  readonly entry: number
  last: number
}

/** Takes the marks of a section in the order of their places, and looks at each of its words once. */
class IdsReader {
  readonly #elf: Elf
  readonly #section: ElfSection
  readonly #sets: BtfIdSet[] = []
  readonly #list: BtfId[] = []
  #complete = true
  /** What lies before it has been read. */
  #end = 0
  #open: OpenSet | null = null
  /** Whether ids without symbols went before: what follows may be members of a set whose symbol is missing. */
  #adrift = false

  constructor(elf: Elf, section: ElfSection) {
    this.#elf = elf
    this.#section = section
  }

  take(mark: Mark): void {
    const { at, kind, name } = mark
    if (at < this.#end) {
      if (kind === 'set' || kind === 'set8' || !this.#addMember(mark)) this.#complete = false
      return
    }
    if (at + 4 > this.#section.size) {
      this.#complete = false
      return
    }
    this.#close()
    this.#passOver(at)
    if (kind === 'set' || kind === 'set8') this.#openSet(mark, kind)
    else {
      if (!this.#adrift) this.#list.push({ at, kind, name, id: this.#word(at) })
      this.#end = at + 4
    }
  }

  finish(): BtfIds {
    this.#close()
    this.#passOver(this.#section.size)
    return { complete: this.#complete, sets: this.#sets, list: this.#list }
  }

  /** `{u32 cnt; u32 ids[]}`, or `{u32 cnt; u32 flags; {u32 id; u32 flags}[]}`. */
  #openSet({ at, name }: Mark, kind: 'set' | 'set8'): void {
    const wide = kind === 'set8'
    const entry = wide ? 8 : 4
    const first = at + entry
    const count = this.#word(at)
    const end = first + count * entry
    if (count > byteLimits.btfIds || end > this.#section.size) {
      // Where it ends is not known, nor what the symbols behind it are.
      this.#complete = false
      this.#end = this.#section.size
      return
    }
    const ids = Array.from({ length: count }, (_, nth) => this.#word(first + nth * entry))
    const set = { at, kind, name, flags: wide ? this.#word(at + 4) : 0, ids, members: [] }
    this.#sets.push(set)
    this.#open = { set, first, entry, last: -1 }
    this.#end = end
    this.#adrift = false
  }

  /** Takes a mark as a member of the open set; false where it does not stand at one of its entries, or is not the first that does. */
  #addMember({ at, kind, name }: Mark): boolean {
    const open = this.#open
    if (open === null || at <= open.last || at < open.first || (at - open.first) % open.entry !== 0)
      return false
    open.last = at
    open.set.members.push({ kind, name })
    return true
  }

  #close(): void {
    const open = this.#open
    if (open !== null && open.set.members.length !== open.set.ids.length) this.#complete = false
    this.#open = null
  }

  /** Goes on to a place: an element of a list that is not used is 0, and has no symbol (BTF_ID_UNUSED). */
  #passOver(to: number): void {
    const { offset } = this.#section
    for (let at = this.#end; at < to && !this.#adrift; at++) this.#adrift = this.#elf.bytes[offset + at] !== 0
    if (this.#adrift) this.#complete = false
    this.#end = to
  }

  #word(at: number): number {
    return this.#elf.u32(this.#section.offset + at)
  }
}
