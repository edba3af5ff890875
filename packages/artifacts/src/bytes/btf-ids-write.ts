import { viewOf } from './binary.js'
import type { BtfIds } from './types.js'

/**
 * The content of a `.BTF_ids` whose ids are passed through `map` (0, which is no type, left out), with its sets in the order
 * that kernels search them in: by id, each id with its flags (as tools/bpf/resolve_btfids writes them).
 */
export function renumberBtfIds(
  content: Uint8Array,
  { sets, list }: BtfIds,
  little: boolean,
  map: (id: number) => number,
): Uint8Array {
  const out = new Uint8Array(content)
  const view = viewOf(out)
  const renumbered = (id: number): number => (id === 0 ? 0 : map(id))
  for (const { at, id } of list) view.setUint32(at, renumbered(id), little)
  for (const { at, kind, ids } of sets) {
    const wide = kind === 'set8'
    const first = at + (wide ? 8 : 4)
    const step = wide ? 8 : 4
    const entries = ids.map((id, nth) => ({
      id: renumbered(id),
      flags: wide ? view.getUint32(first + nth * step + 4, little) : 0,
    }))
    entries.sort((a, b) => a.id - b.id)
    for (const [nth, { id, flags }] of entries.entries()) {
      view.setUint32(first + nth * step, id, little)
      if (wide) view.setUint32(first + nth * step + 4, flags, little)
    }
  }
  return out
}
