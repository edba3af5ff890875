import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import { isNamed, shortString } from './names.js'

/** Words that C, with the extensions that kernels use, keeps for itself. */
const keywords = new Set(
  (
    'asm auto break case char const continue default do double else enum extern float for goto if inline int long ' +
    'register restrict return short signed sizeof static struct switch typedef typeof union unsigned void volatile ' +
    'while _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert _Thread_local'
  ).split(' '),
)

/** The name at a string offset as C can have it, and, where that is another, what BTF has. */
export interface CName {
  readonly name: string
  readonly was: string | null
}

/**
 * Makes an identifier of a name: what C does not allow becomes `_`, and a keyword gets one behind it. Other languages have
 * such names: `core::fmt::Formatter<'_>`.
 */
export function identifier(btf: Btf, nameOff: number): CName {
  const text = shortString(btf, nameOff) ?? ''
  if (/^[A-Za-z_]\w*$/.test(text)) {
    return keywords.has(text) ? { name: `${text}_`, was: text } : { name: text, was: null }
  }
  const name = text.replace(/\W/g, '_').replace(/^\d/, '_$&')
  return { name, was: text.replace(/[^ -~]/g, '?').replaceAll('*/', '*?') }
}

/** Names that must differ: the second of a name becomes `NAME___2`, the third `NAME___3`. */
export class Scope {
  private readonly counts = new Map<string, number>()

  unique(name: string): string {
    let candidate = name
    for (;;) {
      const count = (this.counts.get(candidate) ?? 0) + 1
      this.counts.set(candidate, count)
      if (count === 1) return candidate
      candidate = `${candidate}___${count}`
    }
  }
}

/** The first struct, union or enum of a name. */
interface First {
  readonly name: string
  /** Whether it is more than declared. */
  isDefined: boolean
}

/**
 * The names that types and enumerators of a BTF have in its C text. A name that several definitions have is told apart by
 * `___2`, `___3`, in the order in which the names are asked for (libbpf's btf_dump_resolve_name).
 */
export class Identifiers {
  private readonly btf: Btf
  private readonly given = new Map<number, string>()
  private readonly tags = new Scope()
  private readonly firsts = new Map<string, First>()
  /** Typedefs and enumerators have one space of names in C. */
  private readonly ordinary = new Scope()
  /** Names of types that had to be changed, for whoever writes them to take away. */
  readonly changed: CName[] = []

  constructor(btf: Btf) {
    this.btf = btf
  }

  /** The tag of a struct, union, enum or forward declaration; empty where it has no name. */
  tag(id: number): string {
    const { btf, given } = this
    const known = given.get(id)
    if (known !== undefined) return known
    const nameOff = btf.nameOff(id)
    const name = isNamed(btf, nameOff) ? this.uniqueTag(id, this.plain(nameOff)) : ''
    given.set(id, name)
    return name
  }

  /** The name of a typedef. */
  typedef(id: number): string {
    const known = this.given.get(id)
    if (known !== undefined) return known
    const name = this.ordinary.unique(this.plain(this.btf.nameOff(id)))
    this.given.set(id, name)
    return name
  }

  /** The name of an enumerator; another one each time. */
  enumerator(nameOff: number): CName {
    const { name, was } = identifier(this.btf, nameOff)
    return { name: this.ordinary.unique(name), was }
  }

  /** A name, noted if it had to be changed. */
  private plain(nameOff: number): string {
    const name = identifier(this.btf, nameOff)
    if (name.was !== null) this.changed.push(name)
    return name.name
  }

  private uniqueTag(id: number, plain: string): string {
    const { btf, firsts } = this
    const kind = btf.kind(id)
    const isDefined = kind === Kind.STRUCT || kind === Kind.UNION || (kind !== Kind.FWD && btf.vlen(id) > 0)
    const key = `${tagWord(btf, id)} ${plain}`
    const first = firsts.get(key)
    // What is only declared is the first definition of that word and name, before or after it.
    if (first !== undefined && !(isDefined && first.isDefined)) {
      first.isDefined ||= isDefined
      return first.name
    }
    const name = this.tags.unique(plain)
    if (first === undefined) firsts.set(key, { name, isDefined })
    return name
  }
}

/** `struct`, `union` or `enum`. */
export function tagWord(btf: Btf, id: number): string {
  const kind = btf.kind(id)
  if (kind === Kind.FWD) return btf.kindFlag(id) ? 'union' : 'struct'
  return kind === Kind.STRUCT ? 'struct' : kind === Kind.UNION ? 'union' : 'enum'
}
