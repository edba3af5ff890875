import { Kind } from '../../src/index.js'
import type { Entry, Spec } from './specs.js'

/** A change of a base: `at` and `entry` say where, `to` and `text` what. */
export interface Mutation {
  readonly op: string
  readonly at: number
  readonly entry: number
  readonly to: number
  readonly text: string
}

/** Changes that keep what every type means: only ids, and how the graph is shared, differ. */
export const harmless = ['swap', 'unroll', 'pick', 'redundantFlag'] as const
/** Changes in place: ids stay. */
export const inPlace = [
  'retarget',
  'rename',
  'renameEntry',
  'offset',
  'size',
  'flag',
  'kind',
  'data',
  'addEntry',
  'dropEntry',
  'swapEntries',
  'tag',
] as const
/** Changes by which ids move, for good or with another meaning. */
export const moving = ['insert', 'remove', 'duplicate'] as const

const twins: Readonly<Record<number, number>> = {
  [Kind.FWD]: Kind.STRUCT,
  [Kind.STRUCT]: Kind.UNION,
  [Kind.UNION]: Kind.FWD,
  [Kind.PTR]: Kind.CONST,
  [Kind.CONST]: Kind.VOLATILE,
  [Kind.VOLATILE]: Kind.PTR,
  [Kind.ENUM]: Kind.ENUM64,
  [Kind.ENUM64]: Kind.ENUM,
  [Kind.TYPE_TAG]: Kind.DECL_TAG,
  [Kind.DECL_TAG]: Kind.TYPE_TAG,
  [Kind.INT]: Kind.FLOAT,
}

/** The types of a base after a change; a type that is new has the key `fresh`. */
export function mutate(types: readonly Spec[], { op, at, entry, to, text }: Mutation, fresh: number): Spec[] {
  const list = [...types]
  const place = at % list.length
  const spec = list[place]!
  const other = list[to % list.length]!
  const nth = spec.entries.length === 0 ? -1 : entry % spec.entries.length
  const change = (what: Partial<Spec>): void => {
    list[place] = { ...spec, ...what }
  }
  const changeEntry = (what: Partial<Entry>): void =>
    change({ entries: spec.entries.map((one, index) => (index === nth ? { ...one, ...what } : one)) })
  switch (op) {
    case 'swap':
      list[place] = other
      list[to % list.length] = spec
      break
    case 'unroll':
      // A second copy, to which one type refers instead: no walk can tell.
      list.push({ ...spec, key: fresh })
      list[to % list.length] = redirect(list[to % list.length]!, spec.key, fresh)
      break
    case 'duplicate':
      list.splice(to % list.length, 0, { ...spec, key: fresh })
      break
    case 'insert':
      list.splice(place, 0, { ...other, key: fresh, name: { text, pick: 0 } })
      break
    case 'remove':
      if (list.length > 1) list.splice(place, 1)
      break
    case 'retarget':
      if (nth >= 0 && entry !== 0) changeEntry({ to })
      else change({ to })
      break
    case 'rename':
      change({ name: { text, pick: 0 } })
      break
    case 'renameEntry':
      changeEntry({ name: { text, pick: 0 } })
      break
    case 'pick':
      change({ name: { ...spec.name, pick: spec.name.pick + 1 } })
      break
    case 'offset':
      changeEntry({ a: to % 2 === 0 ? 8 : 0x02000008 })
      break
    case 'size':
      change({ size: 16 })
      break
    case 'flag':
      change({ flag: !spec.flag })
      break
    case 'redundantFlag':
      // Without bits above the 24th, an offset means the same under kind_flag.
      if (spec.kind === Kind.STRUCT || spec.kind === Kind.UNION) {
        if (spec.entries.every(({ a }) => a < 0x1000000)) change({ flag: !spec.flag })
      }
      break
    case 'kind':
      change({ kind: twins[spec.kind] ?? spec.kind })
      break
    case 'data':
      change({ data: 2 })
      break
    case 'addEntry':
      change({ entries: [...spec.entries, { name: { text, pick: 0 }, to, a: 8, b: 4 }] })
      break
    case 'dropEntry':
      change({ entries: spec.entries.filter((_, index) => index !== nth) })
      break
    case 'swapEntries':
      change({ entries: [...spec.entries].reverse() })
      break
    case 'tag':
      // What referred to `other` refers to a qualified or tagged `other`.
      list.push({ ...spec, key: fresh, kind: entry === 0 ? Kind.TYPE_TAG : Kind.CONST, to: other.key })
      list[place] = redirect(spec, other.key, fresh)
      break
    default:
      throw new Error(op)
  }
  return list
}

function redirect(spec: Spec, from: number, to: number): Spec {
  const moved = (key: number): number => (key === from ? to : key)
  return {
    ...spec,
    to: moved(spec.to),
    index: moved(spec.index),
    entries: spec.entries.map((entry) => ({ ...entry, to: moved(entry.to) })),
  }
}
