import { ascii, cString } from './binary.js'
import type { Elf } from './elf.js'
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
 * Reads `.BTF_ids` by the `__BTF_ID__` symbols in it; null where there is no such section. What does not fit the section
 * is reported as `btf-ids-malformed` and left out.
 */
export function readBtfIds(elf: Elf, table: SymbolTable | null, report: Report): BtfIds | null {
  const section = usable(elf, sectionName, report)
  if (section === null || section.size === 0) return null
  const marks =
    table === null
      ? []
      : labels(elf, table, prefix)
          .filter(({ index }) => symbolSection(elf, table, index) === section.index)
          .flatMap((label) => markOf(elf, table, label) ?? [])
          .sort((a, b) => a.at - b.at)
  const word = (at: number) => elf.u32(section.offset + at)
  const sets: BtfIdSet[] = []
  const list: BtfId[] = []
  let setEnd = 0
  let malformed = marks.length === 0
  marks.forEach((mark, nth) => {
    const { at, kind, name } = mark
    if (kind === 'set' || kind === 'set8') {
      const set = setAt(kind, name, at, section.size, word)
      if (set === null) malformed = true
      else {
        setEnd = set.end
        const members = marks.slice(nth + 1, nth + 1 + byteLimits.btfIds).filter((one) => one.at < set.end)
        sets.push({ ...set.set, members: members.map(({ kind, name }) => ({ kind, name })) })
      }
    } else if (at >= setEnd) {
      if (at + 4 > section.size) malformed = true
      else list.push({ at, kind, name, id: word(at) })
    }
  })
  if (malformed) report('btf-ids-malformed', '.BTF_ids')
  return { sets, list }
}

/** `{u32 cnt; u32 ids[]}`, or `{u32 cnt; u32 flags; {u32 id; u32 flags}[]}`; null where it goes beyond the section. */
function setAt(
  kind: 'set' | 'set8',
  name: string,
  at: number,
  size: number,
  word: (at: number) => number,
): { set: Omit<BtfIdSet, 'members'>; end: number } | null {
  const wide = kind === 'set8'
  const first = at + (wide ? 8 : 4)
  if (first > size) return null
  const count = word(at)
  const entry = wide ? 8 : 4
  const end = first + count * entry
  if (count > byteLimits.btfIds || end > size) return null
  const ids = Array.from({ length: count }, (_, nth) => word(first + nth * entry))
  return { set: { at, kind, name, flags: wide ? word(at + 4) : 0, ids }, end }
}
