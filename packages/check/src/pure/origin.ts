import { Binding, type Btf, type ContradictionCode, contradiction, type RunningBase } from '@basedrift/btf'
import type { VerdictReason } from './verdicts.js'

/** The base that modules are said to have been built on; one for all the modules that are. */
export class OriginBase {
  /** SHA-256 of its bytes, lower-case hex. */
  readonly sha256: string
  /** Its bytes, indexed; null where they are not at hand. */
  readonly base: RunningBase | null
  private readonly bindings = new WeakMap<Btf, Binding>()

  constructor(sha256: string, base: RunningBase | null) {
    this.sha256 = sha256
    this.base = base
  }

  /** What compares references on this base with those on a running one; null where either cannot be read. */
  bindingOn(running: RunningBase): Binding | null {
    const origin = this.base?.btf ?? null
    const { btf } = running
    if (origin === null || btf === null || origin.littleEndian !== btf.littleEndian) return null
    const known = this.bindings.get(btf)
    if (known !== undefined) return known
    const binding = new Binding(origin, btf)
    this.bindings.set(btf, binding)
    return binding
  }
}

/** What shows, by the module alone, that it was not built on a base; its code is a basis. */
export interface OriginProof extends VerdictReason {
  readonly code: ContradictionCode | 'origin-length'
  readonly expected: string
  readonly actual: string
}

/**
 * Why a module cannot have been built on the base that it is said to have been built on; null where nothing shows it.
 * `originStrings` is what the module itself tells of the length of that base's strings, `known` what `proofAgainst` gives for both.
 */
export function contradictedClaim(
  split: Btf,
  claim: OriginBase,
  originStrings: number | null,
  known?: OriginProof | null,
): VerdictReason | null {
  const { base } = claim
  if (base === null) return null
  const code = 'origin-contradicted'
  const length = lengthProof(originStrings, base)
  // What is said is what was expected, and the module what is found.
  if (length !== null) return { code, expected: length.actual, actual: length.expected }
  const found = known === undefined ? proofAgainst(split, base) : known
  return found === null ? null : { ...found, code }
}

/** What a reference shows: one that nothing builds on that base. null where nothing does. */
export function proofAgainst(split: Btf, { btf, evidence }: RunningBase): OriginProof | null {
  if (btf === null || evidence === null || btf.littleEndian !== split.littleEndian) return null
  return contradiction(split.onBase(btf), evidence)
}

/** What the length of strings shows that the module tells; null where it tells none, or that of this base. */
export function lengthProof(originStrings: number | null, { btf }: RunningBase): OriginProof | null {
  if (originStrings === null || btf === null || originStrings === btf.stringsLength) return null
  const [expected, actual] = [stringsText(originStrings), stringsText(btf.stringsLength)]
  return { code: 'origin-length', expected, actual }
}

/** The length of a base's strings as it is said in reasons. */
function stringsText(bytes: number): string {
  return `a base with ${bytes} bytes of strings`
}
