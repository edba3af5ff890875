import type { Btf } from './btf.js'
import { commonWords, entryWords, Kind, kindNames, lastKind } from './kinds.js'

/**
 * Lists the own types of a BTF blob as `bpftool btf dump file FILE [--base-btf BASE] format raw` prints them (7.1), one
 * text per line, its newline included. Names have one character a byte: write the text as Latin-1.
 */
export function* dumpRaw(btf: Btf): Generator<string, void, undefined> {
  for (let id = btf.startId; id <= btf.lastId; id++) yield* dumpType(btf, id)
}

/** The lines that bpftool prints for one own type, newlines included. */
export function* dumpType(btf: Btf, id: number): Generator<string, void, undefined> {
  const words = btf.record(id)
  const kind = btf.kind(id)
  const vlen = btf.vlen(id)
  yield `[${id}] ${kindText(kind)} '${nameText(btf, words[0]!)}'${details(kind, words, vlen)}\n`
  const step = kind <= lastKind ? entryWords[kind]! : 0
  if (step === 0) return
  for (let entry = 0, at = commonWords; entry < vlen; entry++, at += step) {
    yield `\t${entryText(btf, kind, words, at)}\n`
  }
}

const intEncodings: Readonly<Record<number, string>> = { 0: '(none)', 1: 'SIGNED', 2: 'CHAR', 4: 'BOOL' }
const linkages = ['static', 'global', 'extern']

function kindText(kind: number): string {
  return kind === 0 || kind > lastKind ? 'UNKNOWN' : kindNames[kind]!
}

function nameText(btf: Btf, offset: number): string {
  return offset === 0 ? '(anon)' : (btf.stringAt(offset) ?? '(invalid)')
}

/** What stands after the name, in the line of the type. */
function details(kind: number, words: Uint32Array, vlen: number): string {
  const third = words[2]!
  const flag = words[1]! >>> 31 === 1
  switch (kind) {
    case Kind.INT: {
      const data = words[3]!
      const encoding = intEncodings[(data >>> 24) & 0x0f] ?? 'UNKN'
      return ` size=${third} bits_offset=${(data >>> 16) & 0xff} nr_bits=${data & 0xff} encoding=${encoding}`
    }
    case Kind.PTR:
    case Kind.CONST:
    case Kind.VOLATILE:
    case Kind.RESTRICT:
    case Kind.TYPEDEF:
    case Kind.TYPE_TAG:
      return ` type_id=${third}`
    case Kind.ARRAY:
      return ` type_id=${words[3]} index_type_id=${words[4]} nr_elems=${words[5]}`
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.DATASEC:
      return ` size=${third} vlen=${vlen}`
    case Kind.ENUM:
    case Kind.ENUM64:
      return ` encoding=${flag ? 'SIGNED' : 'UNSIGNED'} size=${third} vlen=${vlen}`
    case Kind.FWD:
      return ` fwd_kind=${flag ? 'union' : 'struct'}`
    case Kind.FUNC:
      return ` type_id=${third} linkage=${linkages[vlen] ?? '(unknown)'}`
    case Kind.FUNC_PROTO:
      return ` ret_type_id=${third} vlen=${vlen}`
    case Kind.VAR:
      return ` type_id=${third}, linkage=${linkages[words[3]!] ?? '(unknown)'}`
    case Kind.FLOAT:
      return ` size=${third}`
    case Kind.DECL_TAG:
      return ` type_id=${third} component_idx=${words[3]! | 0}`
    default:
      return ''
  }
}

/** The line of one entry, at `words[at]`. */
function entryText(btf: Btf, kind: number, words: Uint32Array, at: number): string {
  const flag = words[1]! >>> 31 === 1
  if (kind === Kind.DATASEC) return sectionEntry(btf, words, at)
  const name = `'${nameText(btf, words[at]!)}'`
  const second = words[at + 1]!
  switch (kind) {
    case Kind.STRUCT:
    case Kind.UNION: {
      const offset = words[at + 2]!
      const field = flag && offset >>> 24 !== 0 ? ` bitfield_size=${offset >>> 24}` : ''
      return `${name} type_id=${second} bits_offset=${flag ? offset & 0xffffff : offset}${field}`
    }
    case Kind.ENUM:
      return `${name} val=${flag ? second | 0 : second}`
    case Kind.ENUM64: {
      const value = (BigInt(words[at + 2]!) << 32n) | BigInt(second)
      return `${name} val=${flag ? `${BigInt.asIntN(64, value)}LL` : `${value}ULL`}`
    }
    default:
      return `${name} type_id=${second}`
  }
}

function sectionEntry(btf: Btf, words: Uint32Array, at: number): string {
  const type = words[at]!
  const place = `type_id=${type} offset=${words[at + 1]} size=${words[at + 2]}`
  return btf.has(type)
    ? `${place} (${kindText(btf.kind(type))} '${nameText(btf, btf.nameOff(type))}')`
    : place
}
