import { isModifier, Kind } from '../kinds.js'
import { recordStringReferences, recordTypeReferences } from '../references.js'
import type { KernelTraits } from '../traits.js'
import { type BaseTables, Errno } from './blob.js'
import type { KernelLog } from './log.js'
import { type NamedTypes, nameKey } from './named.js'
import { type Refusal, refusal } from './parse.js'
import type { KernelReasonCode } from './reasons.js'
import type { TypeCheck } from './types.js'

/** What a split BTF with a distilled base becomes on the running base. */
export interface Relocation {
  /** By id in the numbering of distilled base and split BTF: the id in the numbering of running base and split BTF. */
  readonly ids: Uint32Array
  /** By string offset in the distilled base: the offset in the running base, 0 where there is none. */
  readonly strings: Uint32Array
  /** What is added to the offsets of own strings. */
  readonly stringShift: number
  /** The first id that lies beyond `ids`, for which the kernel reads whatever is in memory; null where all lie within. */
  readonly unbounded: number | null
}

/** The kernel does not come out of the relocation. */
export interface Crash {
  readonly crash: KernelReasonCode
  readonly typeId: number
}

/** A struct or union of the distilled base that the split BTF holds by value: its size must not change. */
const embedded = 0xffffffff

/** What relocation works on. */
interface Parts {
  readonly split: TypeCheck
  readonly distilled: BaseTables
  readonly running: BaseTables
  readonly named: NamedTypes
  readonly traits: KernelTraits
  readonly log: KernelLog
  readonly ids: Uint32Array
  readonly strings: Uint32Array
}

/**
 * Maps a split BTF from its distilled base to the running base, by names (btf_relocate): with the kernel's messages where
 * it refuses, and without its crashes.
 */
export function relocateSplit(
  split: TypeCheck,
  distilled: BaseTables,
  running: BaseTables,
  named: NamedTypes,
  log: KernelLog,
): Relocation | Refusal | Crash {
  const ids = new Uint32Array(distilled.typesEnd + split.count)
  const strings = new Uint32Array(distilled.stringsEnd)
  const parts: Parts = { split, distilled, running, named, traits: split.traits, log, ids, strings }
  const invalid = validateDistilled(parts)
  if (invalid !== null) return invalid
  for (let id = distilled.typesEnd; id < ids.length; id++)
    ids[id] = id + running.typesEnd - distilled.typesEnd
  const crash = markEmbedded(parts)
  if (crash !== null) return crash
  const unmapped = mapDistilled(parts) ?? firstUnmapped(parts)
  if (unmapped !== null) return unmapped
  return rewrite(parts)
}

const kindAt = (parts: Parts, words: Uint32Array, at: number): number =>
  (words[at + 1]! >>> 24) & parts.traits.kindMask

/** btf_relocate_validate_distilled_base */
function validateDistilled(parts: Parts): Refusal | null {
  const { words, starts } = parts.distilled
  for (let index = 0; index < starts.length; index++) {
    const at = starts[index]!
    const kind = kindAt(parts, words, at)
    switch (kind) {
      case Kind.INT:
      case Kind.FLOAT:
      case Kind.ENUM:
      case Kind.STRUCT:
      case Kind.UNION:
      case Kind.FWD: {
        if (words[at] !== 0) break
        const what = `type [${index + 1}], kind [${kind}]`
        parts.log.line(`${what} is invalid for distilled base BTF; it is anonymous`)
        return refusedType('distilled-anonymous', index + 1)
      }
      default:
        parts.log.line(`type [${index + 1}] in distilled based BTF has unexpected kind [${kind}]`)
        return refusedType('distilled-unexpected-kind', index + 1)
    }
  }
  return null
}

function refusedType(code: KernelReasonCode, typeId: number): Refusal {
  return { errno: Errno.EINVAL, reason: { code, typeId } }
}

/**
 * Marks what the split's structs and unions hold by value (btf_mark_embedded_composite_type_ids). The kernel follows ids
 * without asking whether they exist, and arrays without asking whether it was there before. A type that was passed once
 * leads where it led then, so each is followed once.
 */
function markEmbedded(parts: Parts): Crash | null {
  const { split, ids, distilled } = parts
  const { words, starts } = split
  const passed = new Uint32Array(ids.length)
  // Earlier kernels ended this loop at the number of the module's types, as if their ids started at 0.
  const end = parts.traits.marksAllEmbedded ? split.count : split.count - distilled.typesEnd
  let walk = 0
  for (let index = 0; index < end; index++) {
    const at = starts[index]!
    const kind = kindAt(parts, words, at)
    if (kind !== Kind.STRUCT && kind !== Kind.UNION) continue
    const vlen = words[at + 1]! & parts.traits.vlenMask
    for (let member = 0, word = at + 4; member < vlen; member++, word += 3) {
      walk++
      const crash = followMember(parts, words[word]!, passed, walk)
      if (crash !== null) return { crash, typeId: split.startId + index }
    }
  }
  return null
}

function followMember(
  parts: Parts,
  first: number,
  passed: Uint32Array,
  walk: number,
): KernelReasonCode | null {
  const { split, distilled, ids } = parts
  let id = first
  while (id !== 0) {
    if (id >= ids.length) return 'relocation-beyond-types'
    if (passed[id] === walk) return 'relocation-endless'
    if (passed[id] !== 0) return null
    passed[id] = walk
    const own = id - split.startId
    const words = own < 0 ? distilled.words : split.words
    const at = own < 0 ? distilled.starts[id - 1]! : split.starts[own]!
    const kind = kindAt(parts, words, at)
    if (isModifier(kind)) id = words[at + 2]!
    else if (kind === Kind.ARRAY) id = words[at + 3]!
    else {
      if ((kind === Kind.STRUCT || kind === Kind.UNION) && own < 0) ids[id] = embedded
      return null
    }
  }
  return null
}

/** A type of the distilled base as it is looked up; sizes are compared in 31 bits (struct btf_name_info). */
interface Wanted {
  readonly id: number
  readonly size: number
}
const size31 = (size: number): number => size & 0x7fffffff

/** The distilled types, and void, which has the empty name, by name; the greatest sizes first. */
function wantedByName(parts: Parts): Map<string, Wanted[]> {
  const { words, starts, strings } = parts.distilled
  const byName = new Map<string, Wanted[]>([['', [{ id: 0, size: 0 }]]])
  for (let index = 0; index < starts.length; index++) {
    const at = starts[index]!
    const name = nameKey(strings, words[at]!)
    const entry = { id: index + 1, size: size31(words[at + 2]!) }
    const others = byName.get(name)
    if (others === undefined) byName.set(name, [entry])
    else others.push(entry)
  }
  for (const entries of byName.values()) entries.sort((a, b) => b.size - a.size)
  return byName
}

/** More comparisons than any real base needs; the kernel's loop over them does not yield the processor. */
const mostComparisons = 2e7

/** The loop over the running base in btf_relocate_map_distilled_base. */
function mapDistilled(parts: Parts): Refusal | Crash | null {
  const wanted = wantedByName(parts)
  const candidates: { id: number; name: string }[] = []
  for (const name of wanted.keys()) {
    for (const id of parts.named.byName.get(name) ?? []) candidates.push({ id, name })
  }
  candidates.sort((a, b) => a.id - b.id)
  let comparisons = 0
  for (const { id, name } of candidates) {
    const alike = wanted.get(name)!
    comparisons += alike.length
    if (comparisons > mostComparisons) return { crash: 'relocation-too-long', typeId: id }
    const refused = mapCandidate(parts, id, name, alike)
    if (refused !== null) return refused
  }
  return null
}

/** Maps every distilled type of that name, and of that size where it counts, to type `id` of the running base. */
function mapCandidate(parts: Parts, id: number, name: string, wanted: readonly Wanted[]): Refusal | null {
  const { running, distilled, ids, strings, log } = parts
  const baseAt = running.starts[id - 1]!
  const baseKind = kindAt(parts, running.words, baseAt)
  const nameOff = running.words[baseAt]!
  const size = running.words[baseAt + 2]!
  const isComposite = baseKind === Kind.STRUCT || baseKind === Kind.UNION
  const sizeCounts = isComposite ? parts.named.composites[nameOff]! > 1 : baseKind !== Kind.FWD
  for (const { id: wantedId, size: wantedSize } of wanted) {
    if (sizeCounts && wantedSize !== size31(size)) continue
    if (wantedId === 0) {
      log.line(`base BTF id [${id}] maps to invalid distilled base BTF id [0]`)
      return refusedType('distilled-void-match', id)
    }
    const wantedAt = distilled.starts[wantedId - 1]!
    const mapped = ids[wantedId]!
    if (!fits(parts, wantedAt, baseAt, mapped === embedded)) continue
    if (mapped !== 0 && mapped !== embedded) {
      const what = `distilled base BTF type '${name}' [${wantedId}], size ${size}`
      log.line(`${what} has multiple candidates of the same size (ids [${id}, ${mapped}]) in base BTF`)
      return refusedType('distilled-ambiguous', wantedId)
    }
    ids[wantedId] = id
    strings[distilled.words[wantedAt]!] = nameOff
  }
  return null
}

/** Whether a distilled type of the right name may stand for a type of the running base. */
function fits(parts: Parts, wantedAt: number, baseAt: number, isEmbedded: boolean): boolean {
  const wanted = parts.distilled.words
  const base = parts.running.words
  const baseKind = kindAt(parts, base, baseAt)
  const baseFlag = base[baseAt + 1]! >>> 31
  switch (kindAt(parts, wanted, wantedAt)) {
    case Kind.FWD:
      // In STRUCT and UNION the flag says whether there are bit fields; the kernel reads it as in FWD.
      if (baseKind === Kind.FWD) return wanted[wantedAt + 1]! >>> 31 === baseFlag
      return (baseKind === Kind.STRUCT && baseFlag === 0) || (baseKind === Kind.UNION && baseFlag === 1)
    case Kind.INT:
      return baseKind === Kind.INT && encodingAt(base, baseAt) === encodingAt(wanted, wantedAt)
    case Kind.FLOAT:
      return baseKind === Kind.FLOAT
    case Kind.ENUM:
      return baseKind === Kind.ENUM || baseKind === Kind.ENUM64
    default:
      return !isEmbedded || base[baseAt + 2] === wanted[wantedAt + 2]
  }
}

const encodingAt = (words: Uint32Array, at: number): number => (words[at + 3]! >>> 24) & 0x0f

function firstUnmapped(parts: Parts): Refusal | null {
  const { distilled, ids } = parts
  for (let id = 1; id < distilled.typesEnd; id++) {
    if (ids[id] !== 0 && ids[id] !== embedded) continue
    const nameOff = distilled.words[distilled.starts[id - 1]!]!
    const name = nameKey(distilled.strings, nameOff)
    parts.log.line(`distilled base BTF type '${name}' [${id}] is not mapped to base BTF id`)
    return { errno: Errno.EINVAL, reason: { code: 'distilled-not-mapped', typeId: id, path: name } }
  }
  return null
}

/** Looks every reference up (btf_relocate_rewrite_type_id, btf_relocate_rewrite_strs). */
function rewrite(parts: Parts): Relocation | Refusal {
  const { split, ids, strings, distilled, running, log } = parts
  const { words, starts, count } = split
  let unbounded: number | null = null
  let unmapped = -1
  const checkId = (id: number): void => {
    if (id >= ids.length) unbounded ??= id
  }
  const checkString = (offset: number): void => {
    if (offset !== 0 && offset < strings.length && strings[offset] === 0 && unmapped < 0) unmapped = offset
  }
  for (let index = 0; index < count; index++) {
    const at = starts[index]!
    recordTypeReferences(words, at, kindAt(parts, words, at), words[at + 1]! & parts.traits.vlenMask, checkId)
  }
  for (let index = 0; index < count && unmapped < 0; index++) {
    const at = starts[index]!
    recordStringReferences(
      words,
      at,
      kindAt(parts, words, at),
      words[at + 1]! & parts.traits.vlenMask,
      checkString,
    )
  }
  if (unmapped >= 0) {
    // The kernel prints the string at the offset it did not find, 0, which is empty.
    log.line(`string '' [offset ${unmapped}] is not mapped to base BTF`)
    return refusal('string-not-mapped', Errno.ENOENT)
  }
  return { ids, strings, stringShift: running.stringsEnd - distilled.stringsEnd, unbounded }
}
