import { type BaseCounts, contradictsCounts, type RunningBase } from '@basedrift/btf'
import { OriginBase } from './origin.js'
import type { Judgement } from './verdicts.js'

/** What a module's origin note says of the base that it was built on. */
export interface StampClaim extends BaseCounts {
  /** SHA-256 of the base's bytes, lower-case hex. */
  readonly sha256: string
}

/** A base at hand, with the SHA-256 of its bytes in lower-case hex. */
export interface KnownBase {
  readonly sha256: string
  readonly base: RunningBase | null
}

/**
 * The origin base of a stamped module: the one that its stamp names, whatever else is said of its origin; without its bytes
 * where it is not among the bases at hand.
 */
export function stampedOrigin(
  { sha256 }: StampClaim,
  known: readonly (OriginBase | KnownBase | null)[],
): OriginBase {
  const found = known.find((base) => base?.sha256 === sha256) ?? null
  return found instanceof OriginBase ? found : new OriginBase(sha256, found?.base ?? null)
}

/**
 * The verdict `error` on a module whose stamp cannot be true: its BTF shows another base than one of these counts, or the
 * base that it names has others. null where nothing contradicts it.
 */
export function contradictedStamp(btf: Uint8Array, stamp: StampClaim, origin: OriginBase): Judgement | null {
  const named = origin.base?.btf ?? null
  const found =
    named !== null && (named.typeCount !== stamp.types || named.stringsLength !== stamp.strings)
      ? {
          expected: sizeText({ types: named.typeCount, strings: named.stringsLength }),
          actual: sizeText(stamp),
        }
      : contradictsCounts(btf, stamp)
  if (found === null) return null
  const code = 'stamp-contradicts'
  return { verdict: 'error', basis: code, errno: 0, log: [], reason: { code, path: stampPlace, ...found } }
}

/** Where a stamp stands in a module. */
const stampPlace = '.note.basedrift.origin'

/** The reason of an `unknown` whose stamp names a base that is not at hand. */
export function stampedElsewhere(stamp: StampClaim): NonNullable<Judgement['reason']> {
  return {
    code: 'stamped-origin-absent',
    path: stampPlace,
    expected: `base ${stamp.sha256} (${sizeText(stamp)})`,
  }
}

function sizeText({ types, strings }: BaseCounts): string {
  return `${types} types, ${strings} bytes of strings`
}
