import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import { integersBySize } from './base-types.js'
import { type Budget, notC } from './budget.js'
import { enumeratorOf, enumMode } from './enums.js'
import { type Identifiers, identifier, Scope, tagWord } from './identifiers.js'
import type { Field, Layout } from './layout.js'
import { isOpenEnum, type MeasuredMember, type Measures } from './measure.js'
import { isNamed } from './names.js'
import { nextParameter, type Piece, unfold } from './unfold.js'

/** The fields of a struct or union that are still to be written, and what comes after its brace. */
interface Body {
  readonly fields: readonly Field[]
  at: number
  readonly end: string
  readonly scope: Scope
}

/** Members that are written out in the place of an unnamed member, by the struct or union that has them. */
interface Inline {
  readonly inline: number
}

type Part = Piece | Body | Inline

/** Tabs that a line is indented by at most, as by libbpf: nesting is bounded by nothing. */
const mostTabs = 13

/** Writes definitions and declarations in C, in the order it is told to; it adds to `text`, for others to take away. */
export class Writer {
  text = ''
  private readonly btf: Btf
  private readonly measures: Measures
  private readonly layouts: ReadonlyMap<number, Layout>
  private readonly identifiers: Identifiers
  private readonly budget: Budget
  /** Braces that are open, with the names in each. */
  private readonly scopes: Scope[] = []

  constructor(
    btf: Btf,
    measures: Measures,
    layouts: ReadonlyMap<number, Layout>,
    identifiers: Identifiers,
    budget: Budget,
  ) {
    this.btf = btf
    this.measures = measures
    this.layouts = layouts
    this.identifiers = identifiers
    this.budget = budget
  }

  /** `struct foo;`, and so also the whole of a forward declaration. */
  forward(id: number): void {
    const declared = `${tagWord(this.btf, id)} ${this.identifiers.tag(id)}`
    this.finish(declared)
  }

  typedef(id: number): void {
    const { btf } = this
    const name = this.identifiers.typedef(id)
    // Compilers have this type in themselves; old gcc describes what refers to it as void.
    if (name === '__builtin_va_list') return
    const isBuiltIn = name === '__gnuc_va_list' && btf.sizeOrType(id) === 0
    this.comment()
    this.put('typedef ')
    if (isBuiltIn) this.put('__builtin_va_list __gnuc_va_list')
    else this.write({ id: btf.sizeOrType(id), name })
    this.finish('')
  }

  enumeration(id: number): void {
    this.identifiers.tag(id)
    this.comment()
    this.enumText(id)
    this.finish('')
  }

  /** Defines a struct or union that has a name. */
  composite(id: number): void {
    const tag = this.identifiers.tag(id)
    this.comment()
    this.put(`${tagWord(this.btf, id)} ${tag} {`)
    this.write(this.open(id, new Scope()))
    this.finish('')
  }

  /** Adds what is no definition that it knows. */
  put(text: string): void {
    this.budget.spendText(text.length)
    this.text += text
  }

  private finish(last: string): void {
    this.put(`${last};\n\n`)
  }

  /** Says of names that C cannot have what they are in BTF. */
  private comment(): void {
    for (const { name, was } of this.identifiers.changed.splice(0)) this.put(`/* ${name} is ${was} */\n`)
  }

  private line(levels: number): string {
    return `\n${'\t'.repeat(Math.min(levels, mostTabs))}`
  }

  private write(start: Part): void {
    const left: Part[] = [start]
    while (left.length > 0) {
      const part = left.pop()!
      this.budget.spend()
      if (typeof part === 'string') this.put(part)
      else if ('fields' in part) this.writeField(part, left)
      else if ('proto' in part) left.push(...nextParameter(this.btf, part, parameterName))
      else if ('inline' in part) this.writeInline(part.inline, left)
      else this.writeDeclared(part.id, part.name, left)
    }
  }

  private writeDeclared(id: number, name: string, left: Part[]): void {
    const { btf, scopes } = this
    const parts = unfold(btf, id, name, 'bpftool')
    if (parts === null) throw notC(`Type ${id} is a chain of references that is too long.`)
    const { leaf, qualifiers, before, rest, links } = parts
    this.budget.spend(links)
    left.push(...rest, before)
    this.put(qualifiers)
    const kind = btf.kind(leaf)
    const isNamedType = isNamed(btf, btf.nameOff(leaf))
    if ((kind === Kind.STRUCT || kind === Kind.UNION) && !isNamedType) {
      const isMember = before === '' && rest.length === 0
      this.put(`${tagWord(btf, leaf)} {`)
      left.push(this.open(leaf, (isMember ? scopes[scopes.length - 1] : undefined) ?? new Scope()))
    } else if ((kind === Kind.ENUM || kind === Kind.ENUM64) && !isNamedType) {
      this.enumText(leaf)
    } else {
      this.put(this.leafText(leaf, kind))
    }
  }

  private writeInline(id: number, left: Part[]): void {
    this.put(`${tagWord(this.btf, id)} {`)
    left.push(this.open(id, this.scopes[this.scopes.length - 1]!))
  }

  private open(id: number, scope: Scope): Body {
    const { fields, attribute } = this.layouts.get(id)!
    const close = fields.length === 0 ? '}' : `${this.line(this.scopes.length)}}`
    this.scopes.push(scope)
    const end = attribute === '' ? close : `${close} __attribute__((${attribute}))`
    return { fields, at: 0, end, scope }
  }

  private writeField(body: Body, left: Part[]): void {
    const field = body.fields[body.at++]
    if (field === undefined) {
      this.scopes.pop()
      this.put(body.end)
      return
    }
    left.push(body)
    this.put(this.line(this.scopes.length))
    switch (field.is) {
      case 'padding':
        this.put(`${field.type}: ${field.bits};`)
        return
      case 'filler':
        this.put(`char ${body.scope.unique('__filler')}[${field.bytes}];`)
        return
      case 'misplaced': {
        const { name } = identifier(this.btf, field.nameOff)
        this.put(
          `/* left out: ${name || 'a member'}, at bit ${field.bitOffset}, where C has no place for it */`,
        )
        return
      }
      default:
        this.writeMember(field, body.scope, left)
    }
  }

  private writeMember(member: MeasuredMember, scope: Scope, left: Part[]): void {
    const { isNamed: hasName, type, bits, inline } = member
    const { name, was } = hasName ? identifier(this.btf, member.nameOff) : noName
    left.push(was === null ? ';' : `; /* is ${was} */`)
    if (bits !== 0) left.push(`: ${bits}`)
    if (inline !== 0 && isNamed(this.btf, this.btf.nameOff(inline))) left.push({ inline })
    else left.push({ id: type, name: hasName ? scope.unique(name) : '' })
  }

  /** The type that a declaration starts with, if it is not defined in its place. */
  private leafText(id: number, kind: number): string {
    const { btf, identifiers } = this
    switch (kind) {
      case Kind.INT:
      case Kind.FLOAT: {
        const text = this.measures.base(id)
        if (text === null) throw notC(`Type ${id} is a number of a size that C does not have.`)
        return text
      }
      case Kind.TYPEDEF:
        return identifiers.typedef(id)
      case Kind.STRUCT:
      case Kind.UNION:
      case Kind.ENUM:
      case Kind.ENUM64:
      case Kind.FWD:
        return `${tagWord(btf, id)} ${identifiers.tag(id)}`
      default:
        return 'void'
    }
  }

  private enumText(id: number): void {
    const { btf, identifiers } = this
    const tag = identifiers.tag(id)
    const size = btf.sizeOrType(id)
    const count = btf.vlen(id)
    if (count === 0) {
      // C has no enum without enumerators; one without a name can only be a number.
      this.put(isOpenEnum(btf, id) ? `enum ${tag}` : (integersBySize.get(size) ?? 'int'))
      return
    }
    const suffix = btf.kind(id) !== Kind.ENUM64 ? '' : btf.kindFlag(id) ? 'LL' : 'ULL'
    const line = this.line(this.scopes.length + 1)
    let least = 0n
    let most = 0n
    this.put(tag === '' ? 'enum {' : `enum ${tag} {`)
    for (let index = 0; index < count; index++) {
      const { nameOff, value } = enumeratorOf(btf, id, index)
      const { name, was } = identifiers.enumerator(nameOff)
      if (value < least) least = value
      if (value > most) most = value
      this.put(`${line}${name} = ${value}${suffix},${was === null ? '' : ` /* is ${was} */`}`)
    }
    this.put(`${this.line(this.scopes.length)}}${enumMode(size, least, most, this.measures.pointer)}`)
  }
}

const noName = { name: '', was: null }

/** Parameters need no names in C, so that those which are no identifiers have none. */
function parameterName(btf: Btf, nameOff: number): string {
  const { name, was } = identifier(btf, nameOff)
  return was === null ? name : ''
}
