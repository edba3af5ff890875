import type { Claims } from './c-claims.js'

/** A C type as a compiler for x86-64 sees it; the size is in bits, and undefined where it is not known. */
interface CType {
  size: number | undefined
  /** In bits. */
  align: number
  /** Members of a struct or union by name, with their first bit; those of anonymous members among them. */
  readonly members?: Map<string, { readonly at: number; readonly type: CType; readonly bits: number | null }>
  /** What an array has. */
  readonly element?: CType
}
interface Field {
  readonly name: string
  readonly type: CType
  readonly bits: number | null
}
interface Declarator {
  readonly name: string
  readonly apply: (type: CType) => CType
}

const tokens = /\/\*.*?\*\/|#[^\n]*|[A-Za-z_]\w*|-?\d+[A-Z]*|\.\.\.|"[^"]*"|\S/gs
const numberWords = 'signed unsigned char short int long __int128 _Bool float double'.split(' ')
const qualifiers = ['const', 'volatile', 'restrict']
const upTo = (bits: number, unit: number): number => bits + ((unit - (bits % unit)) % unit)

/**
 * A reader of the C that `dumpC` prints, and of no other, written without a look at how it prints: it lays types out by the
 * rules of the x86-64 ABI, and throws where a compiler would refuse.
 */
export class CModel {
  private readonly words: string[]
  private at = 0
  private readonly tags = new Map<string, CType>()
  private readonly ordinary = new Map<string, CType | 'enumerator'>([['__builtin_va_list', scalar(192, 64)]])

  constructor(text: string) {
    this.words = (text.match(tokens) ?? []).filter((word) => !word.startsWith('/*') && !word.startsWith('#'))
    while (this.at < this.words.length) this.statement()
  }

  /** What is not as claimed, in words. */
  differences({ sizes, offsets, bitFields }: Claims): string[] {
    const found: string[] = []
    const see = (what: string, is: unknown, claimed: unknown): void => {
      if (is !== claimed) found.push(`${what} is ${is}, not ${claimed}`)
    }
    for (const [type, bytes] of sizes) see(type, this.named(type).size, bytes * 8)
    for (const [type, path, bytes] of offsets) see(`${type} ${path}`, this.place(type, path).at, bytes * 8)
    for (const [type, path, bit, bits] of bitFields) {
      const place = this.place(type, path)
      see(`${type} ${path}`, `${place.at}:${place.bits}`, `${bit}:${bits}`)
    }
    return found
  }

  private named(text: string): CType {
    const type = text.includes(' ') ? this.tags.get(text) : this.ordinary.get(text)
    if (type === undefined || type === 'enumerator') throw new Error(`no ${text}`)
    return type
  }

  private place(text: string, path: string): { at: number; bits: number | null } {
    let type = this.named(text)
    let at = 0
    let bits: number | null = null
    for (const step of path.split('.')) {
      const [name, ...indices] = step.split('[0]')
      const member = type.members?.get(name!)
      if (member === undefined) throw new Error(`no ${text} ${path}`)
      at += member.at
      bits = member.bits
      type = member.type
      for (const _ of indices) type = type.element ?? type
    }
    return { at, bits }
  }

  private is(word: string): boolean {
    return this.words[this.at] === word
  }

  private take(expected?: string): string {
    const word = this.words[this.at++] ?? ''
    if (expected !== undefined && word !== expected) {
      throw new Error(
        `${expected}, not ${word}, after ${this.words.slice(this.at - 12, this.at - 1).join(' ')}`,
      )
    }
    return word
  }

  private statement(): void {
    const isTypedef = this.is('typedef')
    if (isTypedef) this.take()
    const type = this.specifier()
    if (isTypedef) {
      const { name, apply } = this.declarator()
      this.define(name, apply(type))
    }
    this.take(';')
  }

  private define(name: string, type: CType | 'enumerator'): void {
    if (this.ordinary.has(name)) throw new Error(`${name} is defined twice`)
    this.ordinary.set(name, type)
  }

  private specifier(): CType {
    this.skip(qualifiers)
    const word = this.take()
    let type: CType
    if (word === 'struct' || word === 'union') type = this.composite(word)
    else if (word === 'enum') type = this.enumeration()
    else if (word === 'void') type = scalar(undefined, 8)
    else if (numberWords.includes(word)) type = this.number(word)
    else type = this.named(word)
    this.skip(qualifiers)
    this.attributes()
    return type
  }

  private number(first: string): CType {
    const all = [first]
    while (numberWords.includes(this.words[this.at] ?? '')) all.push(this.take())
    const has = (word: string): boolean => all.includes(word)
    if (has('__int128') || (has('long') && has('double'))) return scalar(128, 128)
    if (has('char') || has('_Bool')) return scalar(8, 8)
    if (has('short')) return scalar(16, 16)
    return has('long') || has('double') ? scalar(64, 64) : scalar(32, 32)
  }

  private skip(words: readonly string[]): void {
    while (words.includes(this.words[this.at] ?? '')) this.take()
  }

  private attributes(): string[] {
    const found: string[] = []
    while (this.is('__attribute__')) {
      this.take()
      let depth = 0
      let text = ''
      do {
        const word = this.take()
        if (word === '(') depth++
        if (word === ')') depth--
        text += word
      } while (depth > 0)
      found.push(text.slice(2, -2))
    }
    return found
  }

  /** A type by its tag, which may still be without a definition. */
  private tagged(key: string): CType {
    let type = this.tags.get(key)
    if (type === undefined) {
      const name = key.split(' ')[1]
      const other = ['struct', 'union', 'enum'].find((word) => this.tags.has(`${word} ${name}`))
      if (other !== undefined) throw new Error(`${key} is ${other} ${name}`)
      type = { size: undefined, align: 8, members: new Map() }
      this.tags.set(key, type)
    }
    return type
  }

  private tagName(word: string): CType {
    return this.is('{')
      ? { size: undefined, align: 8, members: new Map() }
      : this.tagged(`${word} ${this.take()}`)
  }

  private enumeration(): CType {
    const type = this.tagName('enum')
    if (!this.is('{')) return type
    if (type.size !== undefined) throw new Error('an enum is defined twice')
    this.take()
    let [least, most] = [0n, 0n]
    while (!this.is('}')) {
      this.define(this.take(), 'enumerator')
      this.take('=')
      const value = BigInt(this.take().replace(/[A-Z]+$/, ''))
      if (value < least) least = value
      if (value > most) most = value
      this.take(',')
    }
    this.take('}')
    const mode = this.attributes()[0]
    const isNarrow = least < 0n ? least >= -(1n << 31n) && most < 1n << 31n : most < 1n << 32n
    const natural = isNarrow ? 32 : 64
    type.size = mode === undefined ? natural : { 'mode(byte)': 8, 'mode(HI)': 16, 'mode(word)': 64 }[mode]
    type.align = type.size!
    return type
  }

  private composite(word: string): CType {
    const type = this.tagName(word)
    if (!this.is('{')) return type
    if (type.size !== undefined) throw new Error(`a ${word} is defined twice`)
    this.take()
    const fields: Field[] = []
    while (!this.is('}')) {
      const base = this.specifier()
      const { name, apply } = this.declarator()
      const bits = this.is(':') ? Number([this.take(), this.take()][1]) : null
      fields.push({ name, type: apply(base), bits })
      this.take(';')
    }
    this.take('}')
    this.layOut(type, word === 'union', fields, this.attributes()[0])
    return type
  }

  private layOut(
    type: CType,
    isUnion: boolean,
    fields: readonly Field[],
    attribute: string | undefined,
  ): void {
    const isPacked = attribute === 'packed'
    let free = 0
    let longest = 0
    let align = 8
    for (const { name, type: own, bits } of fields) {
      if (own.size === undefined) throw new Error(`${name} has an incomplete type`)
      if (bits !== null && bits > own.size) throw new Error(`${name} is wider than its type`)
      const unit = isPacked && bits !== 0 ? (bits === null ? 8 : 1) : own.align
      let at = isUnion ? 0 : free
      const fits = bits !== null && bits > 0 && (at % own.size) + bits <= own.size
      if (!fits) at = upTo(at, unit)
      if (!isPacked && (bits === null || name !== '')) align = Math.max(align, own.align)
      free = at + (bits ?? own.size)
      longest = Math.max(longest, free)
      if (name !== '') this.addMember(type, name, at, own, bits)
      else if (bits === null) {
        for (const [inner, member] of own.members ?? [])
          this.addMember(type, inner, at + member.at, member.type, member.bits)
      }
    }
    const aligned = /^aligned\((\d+)\)$/.exec(attribute ?? '')
    type.align = aligned === null ? align : Math.max(align, Number(aligned[1]) * 8)
    type.size = upTo(longest, type.align)
  }

  private addMember({ members }: CType, name: string, at: number, type: CType, bits: number | null): void {
    if (members!.has(name)) throw new Error(`two members ${name}`)
    members!.set(name, { at, type, bits })
  }

  private declarator(): Declarator {
    let stars = 0
    while (this.is('*')) {
      this.take()
      stars++
      this.skip(qualifiers)
      this.attributes()
    }
    let inner: Declarator = { name: '', apply: (type) => type }
    if (this.is('(') && this.words[this.at + 1] === '*') {
      this.take()
      inner = this.declarator()
      this.take(')')
    } else if (/^[A-Za-z_]\w*$/.test(this.words[this.at] ?? '')) {
      inner = { name: this.take(), apply: (type) => type }
    }
    const suffixes: ((type: CType) => CType)[] = []
    for (;;) {
      if (this.is('[')) {
        this.take()
        const count = Number(this.take())
        this.take(']')
        suffixes.unshift((element) => {
          if (element.size === undefined) throw new Error('an array of an incomplete type')
          return { size: element.size * count, align: element.align, element }
        })
      } else if (this.is('(')) {
        this.parameters()
        suffixes.unshift(() => scalar(undefined, 8))
      } else break
    }
    const apply = (base: CType): CType => {
      let type = stars > 0 ? scalar(64, 64) : base
      for (const suffix of suffixes) type = suffix(type)
      return inner.apply(type)
    }
    return { name: inner.name, apply }
  }

  private parameters(): void {
    this.take('(')
    while (!this.is(')')) {
      if (this.is('...')) this.take()
      else {
        const base = this.specifier()
        this.declarator().apply(base)
      }
      if (this.is(',')) this.take()
    }
    this.take(')')
  }
}

function scalar(size: number | undefined, align: number): CType {
  return { size, align }
}
