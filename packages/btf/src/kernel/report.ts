import { commonWords, Kind, kindNames } from '../kinds.js'
import { latin1, stringEnd } from '../latin1.js'
import type { Reason } from './answer.js'
import { type KernelLog, mostLines, pieceBuffer } from './log.js'
import type { TypeCheck } from './types.js'

/**
 * Logs a refused type as the kernel does. `quiet` is CONFIG_MODULE_ALLOW_BTF_MISMATCH=y on a kernel that keeps messages
 * about types and members of a split BTF to itself, but not those printed by other ways.
 */
export function logRefusal(check: TypeCheck, log: KernelLog, quiet: boolean): void {
  const { words, at, style, entry, message } = check
  const info = words[at + 1]!
  const id = check.startId + check.count
  if (quiet && style !== 'plain' && style !== 'entry') return
  if (style === 'basic' || style === 'type') {
    const kind = (info >>> 24) & check.traits.kindMask
    const name = nameAt(check, words[at]!)
    log.piece(`[${id}] ${kindNames[kind]} ${name}`)
    if (style === 'type') for (const piece of details(check, kind)) log.piece(piece)
  } else if (style === 'member') {
    const word = at + commonWords + entry * 3
    const name = nameAt(check, words[word]!)
    const type = words[word + 1]!
    const offset = words[word + 2]!
    log.piece(
      info >>> 31 === 1
        ? `\t${name} type_id=${type} bitfield_size=${offset >>> 24} bits_offset=${offset & 0xffffff}`
        : `\t${name} type_id=${type} bits_offset=${offset}`,
    )
  } else if (style === 'entry') {
    const word = at + commonWords + entry * 3
    log.piece(`\t type_id=${words[word]} offset=${words[word + 1]} size=${words[word + 2]}`)
  }
  log.piece(message)
}

/** What btf_verifier_log_type prints of a type between its name and the message. */
function details(check: TypeCheck, kind: number): readonly string[] {
  const { words, at } = check
  const third = words[at + 2]!
  const vlen = words[at + 1]! & check.traits.vlenMask
  switch (kind) {
    case Kind.INT: {
      const data = words[at + 3]!
      const encoding = encodingNames[(data >>> 24) & 0x0f] ?? 'UNKN'
      const place = `bits_offset=${(data >>> 16) & 0xff} nr_bits=${data & 0xff}`
      return [`size=${third} ${place} encoding=${encoding}`]
    }
    case Kind.ARRAY:
      return [`type_id=${words[at + 3]} index_type_id=${words[at + 4]} nr_elems=${words[at + 5]}`]
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.ENUM:
    case Kind.ENUM64:
    case Kind.DATASEC:
      return [`size=${third} vlen=${vlen}`]
    case Kind.FWD:
      return [words[at + 1]! >>> 31 === 1 ? 'union' : 'struct']
    case Kind.FUNC_PROTO:
      return prototypeDetails(check, vlen)
    case Kind.VAR:
      return [`type_id=${third} linkage=${words[at + 3]}`]
    case Kind.FLOAT:
      return [`size=${third}`]
    case Kind.DECL_TAG:
      return [`type=${third} component_idx=${words[at + 3]! | 0}`]
    default:
      return [`type_id=${third}`]
  }
}

const encodingNames: Readonly<Record<number, string>> = { 0: '(none)', 1: 'SIGNED', 2: 'CHAR', 4: 'BOOL' }

/** btf_func_proto_log: one piece for each part. */
function prototypeDetails(check: TypeCheck, vlen: number): string[] {
  const { words, at } = check
  const pieces = [`return=${words[at + 2]} args=(`]
  for (
    let entry = 0, word = at + commonWords;
    entry < vlen && pieces.length < mostLines;
    entry++, word += 2
  ) {
    const type = words[word + 1]!
    const comma = entry === 0 ? '' : ', '
    // Only the last parameter can be the "..." of a prototype.
    if (type === 0 && entry === vlen - 1) pieces.push(`${comma}vararg`)
    else pieces.push(`${comma}${type} ${nameAt(check, words[word]!)}`)
  }
  if (vlen === 0) pieces.push('void')
  pieces.push(')')
  return pieces
}

/** A name as the kernel's log shows it (__btf_name_by_offset). */
function nameAt(check: TypeCheck, offset: number): string {
  return offset === 0 ? '(anon)' : (stringOf(check, offset) ?? '(invalid-name-offset)')
}

function stringOf(check: TypeCheck, offset: number): string | null {
  const own = offset - check.startStr
  const strings = own < 0 ? check.base!.strings : check.strings
  const from = own < 0 ? offset : own
  if (from >= strings.length) return null
  return latin1(strings, from, Math.min(stringEnd(strings, from), from + pieceBuffer))
}

/** The refusal of a type, for a machine to read. */
export function refusalReason(check: TypeCheck): Reason {
  const { words, at, entry, style } = check
  const code = check.code!
  const typeId = check.startId + check.count
  if (style === 'plain' && entry < 0) return { code, typeId }
  const kind = (words[at + 1]! >>> 24) & check.traits.kindMask
  const name = stringOf(check, words[at]!) ?? ''
  const owner = `${kindNames[kind]!.toLowerCase()} ${words[at] === 0 ? '(anon)' : name}`.trimEnd()
  if (entry < 0) {
    if (code === 'invalid-name') return { code, typeId, path: owner, ...nameExpected(kind, name) }
    return { code, typeId, path: owner }
  }
  if (kind === Kind.DATASEC) return { code, typeId, path: `${owner}[${entry}]` }
  const step = kind === Kind.ENUM ? 2 : 3
  const offset = words[at + commonWords + entry * step]!
  const field = stringOf(check, offset)
  const path = `${owner}.${field === null || field === '' ? `[${entry}]` : field}`
  if (code === 'invalid-name') return { code, typeId, path, expected: 'an identifier', actual: field ?? '' }
  return { code, typeId, path }
}

const namelessKinds: readonly number[] = [
  Kind.PTR,
  Kind.ARRAY,
  Kind.VOLATILE,
  Kind.CONST,
  Kind.RESTRICT,
  Kind.FUNC_PROTO,
]

function nameExpected(kind: number, name: string): { expected: string; actual: string } {
  if (namelessKinds.includes(kind)) return { expected: 'no name', actual: name }
  if (kind === Kind.DATASEC) return { expected: 'a section name', actual: name }
  return { expected: kind === Kind.TYPE_TAG ? 'a name' : 'an identifier', actual: name }
}
