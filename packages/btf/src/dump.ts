import type { Btf } from './btf.js'
import { commonWords, Kind, kindNames, lastKind } from './kinds.js'

/**
 * Lists the own types of a BTF blob as `bpftool btf dump file FILE [--base-btf BASE] format raw` prints them (7.1), one
 * text per type, each ending with a newline. Names have one character a byte: write the text as Latin-1.
 */
export function* dumpRaw(btf: Btf): Generator<string, void, undefined> {
  for (let id = btf.startId; id <= btf.lastId; id++) yield describeType(btf, id)
}

/** The lines that bpftool prints for one own type. */
export function describeType(btf: Btf, id: number): string {
  const words = btf.record(id)
  const head = `[${id}] ${kindText(btf.kind(id))} '${nameText(btf, words[0]!)}'`
  return `${head}${body(btf, id, words)}\n`
}

const intEncodings: Readonly<Record<number, string>> = { 0: '(none)', 1: 'SIGNED', 2: 'CHAR', 4: 'BOOL' }
const linkages = ['static', 'global', 'extern']

function kindText(kind: number): string {
  return kind === 0 || kind > lastKind ? 'UNKNOWN' : kindNames[kind]!
}

function nameText(btf: Btf, offset: number): string {
  return offset === 0 ? '(anon)' : (btf.stringAt(offset) ?? '(invalid)')
}

function body(btf: Btf, id: number, words: Uint32Array): string {
  const third = words[2]!
  const vlen = btf.vlen(id)
  const flag = words[1]! >>> 31 === 1
  switch (btf.kind(id)) {
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
      return ` size=${third} vlen=${vlen}${members(btf, words, vlen, flag)}`
    case Kind.ENUM:
    case Kind.ENUM64: {
      const encoding = flag ? 'SIGNED' : 'UNSIGNED'
      const values = btf.kind(id) === Kind.ENUM ? enumerators : enumerators64
      return ` encoding=${encoding} size=${third} vlen=${vlen}${values(btf, words, vlen, flag)}`
    }
    case Kind.FWD:
      return ` fwd_kind=${flag ? 'union' : 'struct'}`
    case Kind.FUNC:
      return ` type_id=${third} linkage=${linkages[vlen] ?? '(unknown)'}`
    case Kind.FUNC_PROTO:
      return ` ret_type_id=${third} vlen=${vlen}${parameters(btf, words, vlen)}`
    case Kind.VAR:
      return ` type_id=${third}, linkage=${linkages[words[3]!] ?? '(unknown)'}`
    case Kind.DATASEC:
      return ` size=${third} vlen=${vlen}${sectionEntries(btf, words, vlen)}`
    case Kind.FLOAT:
      return ` size=${third}`
    case Kind.DECL_TAG:
      return ` type_id=${third} component_idx=${words[3]! | 0}`
    default:
      return ''
  }
}

function members(btf: Btf, words: Uint32Array, vlen: number, flag: boolean): string {
  let text = ''
  for (let entry = 0, at = commonWords; entry < vlen; entry++, at += 3) {
    const offset = words[at + 2]!
    const bits = flag ? offset & 0xffffff : offset
    text += `\n\t'${nameText(btf, words[at]!)}' type_id=${words[at + 1]} bits_offset=${bits}`
    if (flag && offset >>> 24 !== 0) text += ` bitfield_size=${offset >>> 24}`
  }
  return text
}

function enumerators(btf: Btf, words: Uint32Array, vlen: number, signed: boolean): string {
  let text = ''
  for (let entry = 0, at = commonWords; entry < vlen; entry++, at += 2) {
    const value = words[at + 1]!
    text += `\n\t'${nameText(btf, words[at]!)}' val=${signed ? value | 0 : value}`
  }
  return text
}

function enumerators64(btf: Btf, words: Uint32Array, vlen: number, signed: boolean): string {
  let text = ''
  for (let entry = 0, at = commonWords; entry < vlen; entry++, at += 3) {
    const value = (BigInt(words[at + 2]!) << 32n) | BigInt(words[at + 1]!)
    const shown = signed ? `${BigInt.asIntN(64, value)}LL` : `${value}ULL`
    text += `\n\t'${nameText(btf, words[at]!)}' val=${shown}`
  }
  return text
}

function parameters(btf: Btf, words: Uint32Array, vlen: number): string {
  let text = ''
  for (let entry = 0, at = commonWords; entry < vlen; entry++, at += 2) {
    text += `\n\t'${nameText(btf, words[at]!)}' type_id=${words[at + 1]}`
  }
  return text
}

function sectionEntries(btf: Btf, words: Uint32Array, vlen: number): string {
  let text = ''
  for (let entry = 0, at = commonWords; entry < vlen; entry++, at += 3) {
    const type = words[at]!
    text += `\n\ttype_id=${type} offset=${words[at + 1]} size=${words[at + 2]}`
    if (btf.has(type)) text += ` (${kindText(btf.kind(type))} '${nameText(btf, btf.nameOff(type))}')`
  }
  return text
}
