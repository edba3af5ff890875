import type { Btf } from '../btf.js'
import { commonWords, Kind } from '../kinds.js'
import { aroundLeaf, declaration, typeText } from './declaration.js'
import { enumeratorOf } from './enums.js'
import { tagWord } from './identifiers.js'
import { type Member, memberOf } from './members.js'
import { isNamed, shortString, shownName } from './names.js'
import { sizeOf } from './sizes.js'

/** Lines and characters of one definition, and levels of braces within it, that are written; real ones have a tenth of these. */
const mostLines = 5000
const mostCharacters = 400_000
const mostLevels = 16

/** The last line of what was cut. */
const cut = '/* … */'

/** The column that comments start at: fixed, so that a longer line changes no other. */
const commentColumn = 56

/**
 * The definition of one type as a reader of kernel headers knows it, with offsets and sizes as pahole notes them: each member
 * with `/* offset size *\/` in bytes (`offset:bit` for a bit field), holes, and the size at the end. Members of anonymous
 * types are indented, with offsets from the start of the whole. The text has no ids, so that the same definition in another
 * BTF has the same text. Names have one character a byte; lines have no newline. After 5,000 lines or 400,000
 * characters, `/* … *\/` stands for the rest.
 */
export function definitionText(btf: Btf, id: number): string[] {
  const kind = btf.kind(id)
  switch (kind) {
    case Kind.STRUCT:
    case Kind.UNION:
    case Kind.ENUM:
    case Kind.ENUM64:
      return new Definition(btf).braces(id, '', '')
    case Kind.TYPEDEF:
      return typedefText(btf, id)
    case Kind.FWD:
      return [`${typeText(btf, id)};`]
    case Kind.INT:
      return [intText(btf, id)]
    case Kind.FLOAT:
      return [`${shownName(btf, id)}: size=${btf.sizeOrType(id)} FLOAT`]
    case Kind.FUNC:
      return [`${declaration(btf, id, shownName(btf, id))};${linkageText(btf.vlen(id))}`]
    case Kind.VAR:
      return [`${declaration(btf, id, shownName(btf, id))};${linkageText(btf.word(id, 3))}`]
    case Kind.DATASEC:
      return new Definition(btf).section(id)
    case Kind.DECL_TAG: {
      const component = btf.word(id, 3) | 0
      const place = component < 0 ? '' : ` component ${component}`
      return [`tag "${shownName(btf, id)}" of ${typeText(btf, btf.sizeOrType(id))}${place}`]
    }
    default:
      return [typeText(btf, id)]
  }
}

function typedefText(btf: Btf, id: number): string[] {
  const target = btf.sizeOrType(id)
  const name = shownName(btf, id)
  const around = aroundLeaf(btf, target, name)
  if (around === null || !isBraced(btf, around.leaf)) return [`typedef ${declaration(btf, target, name)};`]
  return new Definition(btf).braces(around.leaf, `typedef ${around.before}`, around.after)
}

function intText(btf: Btf, id: number): string {
  const data = btf.word(id, 3)
  const encoding = data >>> 24
  const words = ['SIGNED', 'CHAR', 'BOOL'].filter((_, bit) => ((encoding >>> bit) & 1) === 1)
  const shift = (data >>> 16) & 0xff
  const offset = shift === 0 ? '' : ` offset=${shift}`
  return [`${shownName(btf, id)}: size=${btf.sizeOrType(id)} bits=${data & 0xff}${offset}`, ...words].join(
    ' ',
  )
}

function linkageText(linkage: number): string {
  return ` /* ${['static', 'global', 'extern'][linkage] ?? `linkage ${linkage}`} */`
}

/** Whether a type has no name and is defined where it is used. */
function isBraced(btf: Btf, id: number): boolean {
  const kind = btf.kind(id)
  const hasBraces = kind === Kind.STRUCT || kind === Kind.UNION || kind === Kind.ENUM || kind === Kind.ENUM64
  return hasBraces && !isNamed(btf, btf.nameOff(id))
}

/** A struct, union or enum between its braces. */
interface Level {
  readonly id: number
  next: number
  /** Where it starts, in bits from the start of the whole. */
  readonly from: number
  /** The end of what was written of it so far, in bits from its own start. */
  end: number
  /** What follows the closing brace, without the semicolon, and the comment behind that. */
  readonly after: string
  readonly note: string
}

class Definition {
  private readonly btf: Btf
  private readonly lines: string[] = []
  private readonly levels: Level[] = []
  private characters = 0

  constructor(btf: Btf) {
    this.btf = btf
  }

  /** A struct, union or enum, with what stands before and after it. */
  braces(id: number, before: string, after: string): string[] {
    const { levels, lines } = this
    this.open(id, before, after, 0, '')
    while (levels.length > 0) {
      const level = levels[levels.length - 1]!
      if (this.isFull) {
        lines.push(cut)
        break
      }
      if (level.next === this.btf.vlen(level.id)) this.close(level)
      else if (isComposite(this.btf, level.id)) this.member(level, level.next++)
      else this.enumerator(level, level.next++)
    }
    return lines
  }

  section(id: number): string[] {
    const { btf, lines } = this
    const count = btf.vlen(id)
    lines.push(`section ${shownName(btf, id)} {`)
    let at = commonWords
    for (; at < commonWords + count * 3 && !this.isFull; at += 3) {
      const variable = btf.word(id, at)
      const name = shownName(btf, variable)
      this.line(
        1,
        `${declaration(btf, variable, name)};`,
        placed(btf.word(id, at + 1), null, btf.word(id, at + 2)),
      )
    }
    if (at < commonWords + count * 3) lines.push(`\t${cut}`)
    lines.push(`\t/* size: ${btf.sizeOrType(id)}, variables: ${count} */`, '};')
    return lines
  }

  private open(id: number, before: string, after: string, from: number, note: string): void {
    const { btf, levels } = this
    const name = isNamed(btf, btf.nameOff(id)) ? ` ${shownName(btf, id)}` : ''
    this.line(levels.length, `${before}${tagWord(btf, id)}${name} {`, '')
    levels.push({ id, next: 0, from, end: 0, after, note })
  }

  private close({ id, end, after, note }: Level): void {
    const { btf, levels } = this
    const size = btf.sizeOrType(id)
    const depth = levels.length
    if (isComposite(btf, id)) {
      if (end < size * 8) this.line(depth, hole(size * 8 - end, 'at the end'), '')
      if (note === '') this.line(depth, `/* size: ${size}, members: ${btf.vlen(id)} */`, '')
    } else if (note === '') {
      const signed = btf.kindFlag(id) ? ', signed' : ''
      this.line(depth, `/* size: ${size}, enumerators: ${btf.vlen(id)}${signed} */`, '')
    }
    levels.pop()
    this.line(depth - 1, `}${after};`, note)
  }

  private member(level: Level, index: number): void {
    const { btf, levels } = this
    const member = memberOf(btf, level.id, index)
    const { nameOff, type, bitOffset, bits } = member
    const size = sizeOf(btf, type)
    const isStruct = btf.kind(level.id) === Kind.STRUCT
    if (isStruct && bitOffset > level.end) this.line(levels.length, hole(bitOffset - level.end, 'hole'), '')
    level.end = Math.max(level.end, bitOffset + (bits === 0 ? (size ?? 0) * 8 : bits))
    const name = shortString(btf, nameOff) ?? '(invalid)'
    const field = bits === 0 ? '' : `:${bits}`
    const note = memberNote(member, level.from, size)
    const around = levels.length < mostLevels ? aroundLeaf(btf, type, name) : null
    if (around !== null && isBraced(btf, around.leaf) && btf.vlen(around.leaf) > 0) {
      const isPlaced = sizeOf(btf, around.leaf) !== null && !around.after.includes('*')
      const from = isPlaced ? level.from + bitOffset : 0
      this.open(around.leaf, around.before, `${around.after}${field}`, from, note)
    } else {
      this.line(levels.length, `${declaration(btf, type, name)}${field};`, note)
    }
  }

  private enumerator({ id }: Level, index: number): void {
    const { nameOff, value } = enumeratorOf(this.btf, id, index)
    this.line(this.levels.length, `${shortString(this.btf, nameOff) ?? '(invalid)'} = ${value},`, '')
  }

  private get isFull(): boolean {
    return this.lines.length >= mostLines || this.characters >= mostCharacters
  }

  private line(depth: number, text: string, note: string): void {
    const indent = '\t'.repeat(depth)
    const line =
      note === '' ? indent + text : `${indent}${text.padEnd(commentColumn - depth * 8 - 1)} /* ${note} */`
    this.characters += line.length
    this.lines.push(line)
  }
}

function isComposite(btf: Btf, id: number): boolean {
  const kind = btf.kind(id)
  return kind === Kind.STRUCT || kind === Kind.UNION
}

function hole(bits: number, where: string): string {
  const [count, unit] = bits % 8 === 0 ? [bits / 8, 'byte'] : [bits, 'bit']
  return `/* XXX ${count} ${unit}${count === 1 ? '' : 's'} ${where} */`
}

/** Where a member is from the start of the whole: its byte, or the unit of its type with the bit in it; and its size. */
function memberNote({ bitOffset, bits }: Member, from: number, size: number | null): string {
  const at = from + bitOffset
  if (bits === 0 || size === null || size === 0) {
    return at % 8 === 0 ? placed(at / 8, null, size) : placed(Math.floor(at / 8), at % 8, size)
  }
  const unit = Math.floor(at / (size * 8)) * size
  return placed(unit, at - unit * 8, size)
}

function placed(byte: number, bit: number | null, size: number | null): string {
  const inUnit = bit === null ? '   ' : `:${String(bit).padStart(2)}`
  return `${String(byte).padStart(5)}${inUnit} ${String(size ?? '?').padStart(5)}`
}
