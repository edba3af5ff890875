import { Kind } from '@basedrift/btf'

/** A member of a struct, or a parameter: name and type id. */
type Field = readonly [name: string, type: number]

/** The types that these tests are made of; names are resolved on the base's strings or added to one's own. */
export type SmallType =
  | { readonly kind: 'INT'; readonly name: string; readonly size: number }
  | { readonly kind: 'PTR'; readonly to: number }
  | {
      readonly kind: 'STRUCT'
      readonly name: string
      readonly size: number
      readonly members: readonly Field[]
    }
  | { readonly kind: 'FUNC_PROTO'; readonly returns: number; readonly parameters: readonly Field[] }
  | { readonly kind: 'FUNC'; readonly name: string; readonly proto: number }

/** A little-endian BTF blob and where its strings end, so that another can be made on top of it. */
export interface SmallBtf {
  readonly bytes: Buffer
  readonly strings: string
  readonly startStr: number
}

/** Makes a BTF blob of `types`; with `base` a split one. */
export function smallBtf(types: readonly SmallType[], base?: SmallBtf): SmallBtf {
  const startStr = base === undefined ? 0 : base.startStr + base.strings.length
  let strings = base === undefined ? '\0' : ''
  const name = (text: string): number => {
    if (text === '') return 0
    const inBase = base === undefined ? -1 : base.strings.indexOf(`\0${text}\0`)
    if (inBase >= 0) return base!.startStr + inBase + 1
    const own = `\0${strings}`.indexOf(`\0${text}\0`)
    if (own >= 0) return startStr + own
    strings += `${text}\0`
    return startStr + strings.length - text.length - 1
  }
  const words: number[] = []
  const head = (text: string, kind: number, vlen: number, third: number) =>
    words.push(name(text), (kind << 24) | vlen, third)
  for (const type of types) {
    if (type.kind === 'INT') {
      head(type.name, Kind.INT, 0, type.size)
      words.push((1 << 24) | (type.size * 8))
    } else if (type.kind === 'PTR') head('', Kind.PTR, 0, type.to)
    else if (type.kind === 'STRUCT') {
      head(type.name, Kind.STRUCT, type.members.length, type.size)
      type.members.forEach(([member, id], index) => {
        words.push(name(member), id, index * 32)
      })
    } else if (type.kind === 'FUNC_PROTO') {
      head('', Kind.FUNC_PROTO, type.parameters.length, type.returns)
      for (const [parameter, id] of type.parameters) words.push(name(parameter), id)
    } else head(type.name, Kind.FUNC, 1, type.proto)
  }
  const header = Buffer.alloc(24)
  header.writeUInt16LE(0xeb9f, 0)
  header.writeUInt8(1, 2)
  header.writeUInt32LE(24, 4)
  header.writeUInt32LE(words.length * 4, 12)
  header.writeUInt32LE(words.length * 4, 16)
  header.writeUInt32LE(strings.length, 20)
  const body = Buffer.alloc(words.length * 4)
  words.forEach((word, index) => {
    body.writeUInt32LE(word >>> 0, index * 4)
  })
  return { bytes: Buffer.concat([header, body, Buffer.from(strings, 'latin1')]), strings, startStr }
}

const common: readonly SmallType[] = [
  { kind: 'INT', name: 'int', size: 4 },
  {
    kind: 'STRUCT',
    name: 'device',
    size: 8,
    members: [
      ['id', 1],
      ['count', 1],
    ],
  },
  { kind: 'PTR', to: 2 },
]

/** The base of a kernel build. */
export const olderBase = smallBtf(common)

/**
 * The base of its rebuild: two functions more, so that the strings and ids of every module move. The name of an INT is no
 * identifier, which a kernel only notices where something else takes it for its name.
 */
export const newerBase = smallBtf([
  ...common,
  { kind: 'FUNC_PROTO', returns: 1, parameters: [['dev', 3]] },
  { kind: 'FUNC', name: 'check_pec', proto: 4 },
  { kind: 'INT', name: 'two words', size: 4 },
])

/** A module of the older build that the newer kernel takes, and misreads. */
export const misreadModule = smallBtf(
  [
    {
      kind: 'STRUCT',
      name: 'priv',
      size: 8,
      members: [
        ['dev_state', 1],
        ['id', 1],
      ],
    },
  ],
  olderBase,
)

/** A module of the older build that the newer kernel refuses: its struct's name is read in the middle of `two words`. */
export const refusedModule = smallBtf(
  [
    { kind: 'STRUCT', name: 'first_of_all', size: 4, members: [['abcdefgh', 1]] },
    { kind: 'STRUCT', name: 'ops', size: 4, members: [['id', 1]] },
  ],
  olderBase,
)
