import { isModifier, Kind } from '../kinds.js'
import { Errno } from './blob.js'
import type { KernelReasonCode } from './reasons.js'
import type { TypeCheck } from './types.js'

/** The kernel follows at most this many modifiers. */
const longestChain = 32

/** Why a chain of modifiers was refused, at the type it starts from. */
export interface ChainRefusal {
  readonly code: KernelReasonCode
  readonly errno: number
  readonly typeId: number
  /** Whether the kernel says anything. */
  readonly silent: boolean
}

/**
 * Follows the modifiers from each own type (btf_check_type_tags, later btf_check_modifier_chain_length): they must end
 * soon, at a type that exists, and type tags must come before other modifiers. Ids up to the last one checked, with all
 * of the base, count as good and end the walk after they were looked at once.
 */
export function checkChains(check: TypeCheck): ChainRefusal | null {
  const { words, starts, count, startId, traits } = check
  const end = startId + count
  let good = startId - 1
  for (let id = startId; id < end; id++) {
    let word = starts[id - startId]!
    let kind = (words[word + 1]! >>> 24) & traits.kindMask
    if (!isModifier(kind)) continue
    let current = id
    let third = words[word + 2]!
    let inTags = kind === Kind.TYPE_TAG
    let left = longestChain
    while (isModifier(kind)) {
      if (left-- === 0) return { code: 'max-chain-length', errno: Errno.ELOOP, typeId: id, silent: false }
      if (kind !== Kind.TYPE_TAG) inTags = false
      else if (!inTags && !traits.freeTagOrder) {
        return { code: 'type-tags-order', errno: Errno.EINVAL, typeId: id, silent: false }
      }
      if (current <= good) break
      current = third
      if (current >= end) return { code: 'chain-beyond-types', errno: Errno.EINVAL, typeId: id, silent: true }
      if (current === 0) break
      if (current < startId) {
        const { base } = check
        word = base!.starts[current - 1]!
        kind = (base!.words[word + 1]! >>> 24) & traits.kindMask
        third = base!.words[word + 2]!
      } else {
        word = starts[current - startId]!
        kind = (words[word + 1]! >>> 24) & traits.kindMask
        third = words[word + 2]!
      }
    }
    good = id
  }
  return null
}
