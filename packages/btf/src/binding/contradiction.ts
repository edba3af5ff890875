import type { Btf } from '../btf.js'
import { typeText } from '../c/declaration.js'
import { sizeOf } from '../c/sizes.js'
import { Kind } from '../kinds.js'
import { recordStringReferences, recordTypeReferences } from '../references.js'
import { Paths, shortened } from './paths.js'

/** What shows that a split BTF was not built on a base. */
export const contradictionCodes = {
  'offset-inside-string':
    'A name starts in the middle of a string of the base, where no build tool lets one start.',
  'id-beyond-types': 'A type id lies beyond every type of the base and the module.',
  'kind-nonsense':
    'A type is used as what its kind cannot be: a function without a prototype, a member that is a function.',
} as const

export type ContradictionCode = keyof typeof contradictionCodes

/** A reference that no build tool writes, if the base is the one it was built on. */
export interface Contradiction {
  readonly code: ContradictionCode
  /** Id of the own type whose record has it. */
  readonly typeId: number
  /** Whose reference it is: `struct veth_priv.dev`. */
  readonly path: string
  /** What can stand there. */
  readonly expected: string
  /** What stands there. */
  readonly actual: string
}

/** A reference that breaks a rule. */
interface Breach {
  readonly code: ContradictionCode
  readonly id: number
  readonly index: number
  readonly expected: string
}

/**
 * A base with what counts as evidence on it: of the rules of build tools those that it keeps to itself, as the bases of all
 * distributions do. One for many modules.
 */
export class BaseEvidence {
  readonly base: Btf
  readonly rules: ReadonlySet<ContradictionCode>

  constructor(base: Btf) {
    this.base = base
    const rules = new Set(Object.keys(contradictionCodes) as ContradictionCode[])
    for (let broken = firstBreach(base, rules); broken !== null; broken = firstBreach(base, rules)) {
      rules.delete(broken.code)
    }
    this.rules = rules
  }
}

/**
 * The first thing that proves that a split BTF was not built on the base it is read on (`split.base`, which `evidence` is
 * of): what pahole, libbpf and resolve_btfids never write, though a kernel takes it. null where nothing does, which proves
 * nothing.
 */
export function contradiction(split: Btf, evidence: BaseEvidence): Contradiction | null {
  const breach = firstBreach(split, evidence.rules)
  if (breach === null) return null
  const { code, id, index, expected } = breach
  const value = split.word(id, index)
  const actual = code === 'offset-inside-string' ? shortened(split.stringAt(value)!) : typeText(split, value)
  return { code, typeId: id, path: new Paths(split).of(id, index), expected, actual }
}

/** The first own record of a blob that breaks one of the rules. */
function firstBreach(btf: Btf, rules: ReadonlySet<ContradictionCode>): Breach | null {
  const { words, starts, startId } = btf
  let found: Breach | null = null
  const [strings, ids, kinds] = [
    rules.has('offset-inside-string'),
    rules.has('id-beyond-types'),
    rules.has('kind-nonsense'),
  ]
  let id = startId
  let kind = 0
  const ofString = (offset: number, index: number): void => {
    if (found === null && !startsString(btf, offset))
      found = { code: 'offset-inside-string', id, index, expected: 'the start of a string' }
  }
  const ofType = (target: number, index: number): void => {
    if (found !== null) return
    if (!btf.has(target)) {
      if (ids) found = { code: 'id-beyond-types', id, index, expected: 'a type' }
    } else if (kinds) {
      const expected = expectedAt(btf, id, kind, index, target)
      if (expected !== null) found = { code: 'kind-nonsense', id, index, expected }
    }
  }
  for (let ordinal = 0; ordinal < starts.length; ordinal++) {
    id = startId + ordinal
    kind = btf.kind(id)
    if (strings) recordStringReferences(words, starts[ordinal]!, kind, btf.vlen(id), ofString)
    recordTypeReferences(words, starts[ordinal]!, kind, btf.vlen(id), ofType)
    if (found !== null) return found
  }
  return null
}

/** Whether a string starts at an offset; true beyond every table, which is for the kernel to refuse. */
function startsString(split: Btf, offset: number): boolean {
  let owner = split
  while (offset < owner.startStr) owner = owner.base!
  const from = offset - owner.startStr
  return from === 0 || from >= owner.strings.length || owner.strings[from - 1] === 0
}

/** Kinds that declare something and are no type that a variable could have. */
const declares = (kind: number): boolean =>
  kind === Kind.FUNC || kind === Kind.VAR || kind === Kind.DATASEC || kind === Kind.DECL_TAG

/** What should stand at a reference; null where what stands there can be (after btf_*_resolve, as far as build tools keep to it). */
function expectedAt(split: Btf, id: number, kind: number, index: number, target: number): string | null {
  const met = split.kind(target)
  switch (kind) {
    case Kind.FUNC:
      return met === Kind.FUNC_PROTO ? null : 'a function prototype'
    case Kind.DATASEC:
      return met === Kind.VAR || met === Kind.FUNC ? null : 'a variable'
    case Kind.DECL_TAG:
      return expectedTagTarget(split, id, target, met)
    case Kind.STRUCT:
    case Kind.UNION:
      return expectedMember(split, id, index, target)
    case Kind.ARRAY:
      if (index === 4) return target === 0 || declares(met) ? 'an integer type' : null
      return target === 0 || met === Kind.FUNC_PROTO || declares(met) ? 'a type with a size' : null
    case Kind.VAR:
      return declares(met) || met === Kind.FUNC_PROTO ? 'a type with a size' : null
    default:
      return declares(met) ? 'a type' : null
  }
}

function expectedTagTarget(split: Btf, id: number, target: number, met: number): string | null {
  const component = split.word(id, 3) | 0
  const composite = met === Kind.STRUCT || met === Kind.UNION
  if (component < 0) {
    const can = composite || met === Kind.FUNC || met === Kind.VAR || met === Kind.TYPEDEF
    return can ? null : 'a struct, union, function, variable or typedef'
  }
  if (composite) return component < split.vlen(target) ? null : `a type with ${component + 1} members`
  if (met !== Kind.FUNC) return 'a struct, union or function'
  return component < split.vlen(split.sizeOrType(target))
    ? null
    : `a function with ${component + 1} parameters`
}

function expectedMember(split: Btf, id: number, index: number, target: number): string | null {
  const met = split.kind(target)
  if (target === 0 || met === Kind.FUNC_PROTO || declares(met)) return 'a type with a size'
  const size = sizeOf(split, target, leastPointer)
  if (size === null) return null
  const flag = split.kindFlag(id)
  const place = split.word(id, index + 1)
  const bits = flag ? place >>> 24 : 0
  const start = flag ? place & 0xffffff : place
  const room = split.sizeOrType(id) * 8
  const needed = start + (bits > 0 ? bits : size * 8)
  return needed > room ? `a type of at most ${Math.max(0, Math.floor((room - start) / 8))} bytes` : null
}

/** The size of the smallest pointers that kernels have, in bytes: a member is at least so long. */
const leastPointer = 4
