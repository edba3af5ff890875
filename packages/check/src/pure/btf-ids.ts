import {
  type Btf,
  BtfError,
  type KernelTraits,
  Kind,
  kindNames,
  type ModuleBtf,
  type Rules,
  type RunningBase,
  readBtf,
  relocate,
  traitsOf,
} from '@basedrift/btf'
import type { BtfIdsLoad, Verdict, WrongId } from './verdicts.js'

/** What the symbol of an id says that it stands for. */
export interface IdSymbol {
  readonly kind: string
  readonly name: string
}

/** The ids that a module's code carries (`.BTF_ids`), in the numbering of the base that it was built on. */
export interface ModuleIds {
  /** Whether these are all, each with a symbol. */
  readonly complete: boolean
  /** Sorted by id: the symbols name the members, not which is which. */
  readonly sets: readonly {
    readonly kind: 'set' | 'set8'
    readonly name: string
    readonly flags: number
    readonly ids: readonly number[]
    readonly members: readonly IdSymbol[]
  }[]
  readonly list: readonly (IdSymbol & { readonly at: number; readonly id: number })[]
}

const kinds: Readonly<Record<string, number>> = {
  func: Kind.FUNC,
  struct: Kind.STRUCT,
  union: Kind.UNION,
  typedef: Kind.TYPEDEF,
}
const wordOf = new Map(Object.entries(kinds).map(([word, kind]) => [kind, word]))

/** Errno of a registration that is refused. */
const errnos = { absent: 2, tooMany: 7, invalid: 22 } as const

/** Wrong ids that a result names. */
const mostWrong = 8
/** Ids whose names are asked for: those of a real module are some hundred. */
const mostCompared = 1 << 16

/** What stands for an id on the running kernel. */
interface Entity {
  readonly kind: number
  readonly name: string
  readonly type: number
}

/** Looks ids up as the running kernel does. */
interface Resolver {
  /** As it is written in the module. */
  plain(id: number): Entity
  /** As `btf_relocate_id` turns it, by which kernels register kfuncs and destructors (6.11 and later). */
  relocated(id: number): Entity
  /** An id that a type found here holds. */
  inner(id: number): Entity
}

const nothing: Entity = { kind: 0, name: '', type: 0 }

function entityIn(btf: Btf, id: number): Entity {
  return { kind: btf.kind(id), name: btf.name(id), type: btf.sizeOrType(id) }
}

/** null where the module's BTF, or the running base, cannot be read. */
function resolverOf(
  sections: Pick<ModuleBtf, 'btf' | 'distilled'>,
  running: RunningBase,
  rules: Rules,
): Resolver | null {
  const { btf, distilled } = sections
  const base = running.btf
  if (btf === null || base === null) return null
  try {
    const relocation = distilled === null ? null : relocate(btf, distilled, running, rules)
    if (relocation === null || distilled === null) {
      const split = readBtf(btf, base)
      const plain = (id: number) => entityIn(split, id)
      return { plain, relocated: plain, inner: plain }
    }
    // On the kernel the module's own types follow the running base; here they are read behind its distilled base.
    const split = readBtf(btf, readBtf(distilled))
    const shift = base.lastId - (split.startId - 1)
    const inner = (id: number) =>
      id <= base.lastId ? entityIn(base, id) : { ...entityIn(split, id - shift), type: 0 }
    const mapped = (id: number) => {
      const to = relocation.ids[id]
      if (to === undefined) return nothing
      const found = inner(to)
      // What it refers to is relocated with it.
      const own = to > base.lastId ? split.sizeOrType(to - shift) : null
      return own === null ? found : { ...found, type: relocation.ids[own] ?? 0 }
    }
    return { plain: inner, relocated: mapped, inner }
  } catch (error) {
    if (error instanceof BtfError) return null
    throw error
  }
}

const isMember = ({ kind, name }: Entity, symbol: IdSymbol) =>
  kinds[symbol.kind] === kind && symbol.name === name

function described({ kind, name }: Entity): string {
  if (kind === 0) return 'no type'
  const word = wordOf.get(kind) ?? kindNames[kind]?.toLowerCase() ?? `kind ${kind}`
  return name === '' ? `${word} without a name` : `${word} ${name}`
}

/** FUNC with a name, of a FUNC_PROTO (`btf_check_kfunc_protos`). */
function isFunction(entity: Entity, { inner }: Resolver): boolean {
  return entity.kind === Kind.FUNC && entity.name !== '' && inner(entity.type).kind === Kind.FUNC_PROTO
}

/** Ids in a list of which a struct is followed by a function: pairs as `register_btf_id_dtor_kfuncs` takes them. */
function destructorPairs({ list }: ModuleIds): Set<number> {
  const pairs = new Set<number>()
  list.forEach(({ kind, at }, nth) => {
    const next = list[nth + 1]
    if (kind !== 'struct' || next?.kind !== 'func' || next.at !== at + 4) return
    pairs.add(nth)
    pairs.add(nth + 1)
  })
  return pairs
}

/** What comes of a set that is registered by its module's init, where the kernel has no BTF of the module. */
function withoutBtf(ids: ModuleIds, traits: KernelTraits, looksAtModules: boolean): BtfIdsLoad {
  const refusesKfuncs = looksAtModules && traits.kfuncSets && !traits.kfuncsWithoutBtf
  const refusesDestructors = looksAtModules && traits.dtorKfuncs && !traits.dtorsWithoutBtf
  const kfuncs = ids.sets.some(({ kind }) => kind === 'set8')
  const destructors = destructorPairs(ids).size > 0
  if ((kfuncs && refusesKfuncs) || (destructors && refusesDestructors))
    return { state: 'fails', errno: errnos.absent }
  return { state: !ids.complete && (refusesKfuncs || refusesDestructors) ? 'unknown' : 'missing' }
}

/**
 * The ids of a set that stand for none of its members, each of which one id stands for. Where members are not known, the
 * others may stand for those. 0 is what the build writes for a name that it does not know: nothing on every kernel.
 */
function strangers({ ids, members }: ModuleIds['sets'][number], entities: readonly Entity[]): number[] {
  const left = new Map<string, number>()
  for (const { kind, name } of members) {
    const key = `${kinds[kind]} ${name}`
    left.set(key, (left.get(key) ?? 0) + 1)
  }
  const found: number[] = []
  entities.forEach(({ kind, name }, nth) => {
    if (ids[nth] === 0) return
    const key = `${kind} ${name}`
    const count = left.get(key) ?? 0
    if (count === 0) found.push(nth)
    else left.set(key, count - 1)
  })
  return found.length > ids.length - members.length ? found : []
}

/** Errno with which the kernel refuses to register a set of kfuncs; 0 where it takes it. */
function kfuncErrno(
  { ids, flags }: ModuleIds['sets'][number],
  entities: readonly Entity[],
  resolver: Resolver,
  traits: KernelTraits,
): number {
  if (!traits.kfuncSets) return 0
  if (traits.kfuncFlag && (flags & 1) === 0) return errnos.invalid
  if (traits.kfuncProtos && entities.some((entity) => !isFunction(entity, resolver))) return errnos.invalid
  return ids.length > (traits.manyKfuncs ? 256 : 32) ? errnos.tooMany : 0
}

/**
 * What becomes of the type ids in a module's `.BTF_ids` on a running kernel, of which its verdict says whether it has the
 * module's BTF at all. No kernel compares the ids with what they were built to stand for, as the names of their symbols
 * tell. Sets with flags are kfuncs, registered by the module's init: with wrong ids they are refused from 6.4 on where one is
 * no function, else taken for what stands there. A struct followed by a function is a destructor. Others are never looked at.
 * A module with a distilled base keeps distilled ids in these others: they are wrong on every kernel. Of ids that are not complete
 * only what is wrong with those that are there is told.
 * @throws BtfError `rules-invalid`
 */
export function btfIdsLoad(
  ids: ModuleIds,
  verdict: Verdict,
  sections: Pick<ModuleBtf, 'btf' | 'distilled'>,
  running: RunningBase,
  rules: Rules,
  looksAtModules = true,
): BtfIdsLoad {
  const traits = traitsOf(rules.version)
  if (verdict === 'error') return { state: 'unknown' }
  if (verdict === 'no-btf' || verdict === 'discarded') return withoutBtf(ids, traits, looksAtModules)
  // It is refused before its init could register anything: the kernel has nothing of it.
  if (verdict === 'rejected' || verdict === 'crashes') return { state: 'missing' }
  const resolver = resolverOf(sections, running, rules)
  const count = ids.sets.reduce((sum, set) => sum + set.ids.length, ids.list.length)
  if (resolver === null || count > mostCompared) return { state: 'unknown' }
  const wrong: WrongId[] = []
  let errno = 0
  for (const set of ids.sets) {
    const find = set.kind === 'set8' ? resolver.relocated : resolver.plain
    const entities = set.ids.map(find)
    if (set.kind === 'set8') errno ||= kfuncErrno(set, entities, resolver, traits)
    for (const nth of strangers(set, entities))
      wrong.push({ set: set.name, id: set.ids[nth]!, actual: described(entities[nth]!) })
  }
  const pairs = destructorPairs(ids)
  ids.list.forEach((entry, nth) => {
    // 0 is what the build writes for a name that it does not know: nothing on every kernel.
    if (entry.id === 0) return
    const entity = pairs.has(nth) ? resolver.relocated(entry.id) : resolver.plain(entry.id)
    if (isMember(entity, entry)) return
    wrong.push({ id: entry.id, expected: `${entry.kind} ${entry.name}`, actual: described(entity) })
    if (pairs.has(nth) && entry.kind === 'func' && traits.dtorKfuncs && !isFunction(entity, resolver))
      errno ||= errnos.invalid
  })
  return {
    state: errno > 0 ? 'fails' : wrong.length > 0 ? 'wrong' : ids.complete ? 'match' : 'unknown',
    ...(errno > 0 ? { errno } : {}),
    ...(wrong.length > 0 ? { wrong: wrong.slice(0, mostWrong) } : {}),
    ...(wrong.length > mostWrong ? { wrongTotal: wrong.length } : {}),
  }
}
