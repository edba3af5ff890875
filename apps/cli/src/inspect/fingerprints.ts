import type { Problem } from '@basedrift/artifacts'
import { BtfError, type Fingerprints, readBtf } from '@basedrift/btf'
import { type FoundKernel, fingerprintsOf } from '@basedrift/check'

/** Split BTF that is kept until the base is known; the modules of a kernel have some 70 MB. */
const mostKept = 256 * 2 ** 20

/** A split BTF by the file it came in, with the length of its origin's strings where it tells. */
interface Kept {
  readonly file: string
  readonly btf: Uint8Array
  readonly originStrings: number | null
}

/** What is shown of a base and of its modules. */
export interface InspectedFingerprints {
  /** null where the base cannot be read or has none. */
  readonly base: Fingerprints | null
  /** Slices by the module's file, of the modules that can have been built on the base. */
  readonly slices: ReadonlyMap<string, string>
}

/** Gathers the split BTFs of an artifact, whose kernel may come after them. */
export class FingerprintCollector {
  private readonly modules: Kept[] = []
  private left = mostKept

  add(file: string, btf: Uint8Array, originStrings: number | null): void {
    if (btf.length > this.left) return
    this.left -= btf.length
    this.modules.push({ file, btf: btf.slice(), originStrings })
  }

  /** Fingerprints on the artifact's kernel; what a base or module cannot be fingerprinted for is given to `onProblem`. */
  finish(kernel: FoundKernel | null, onProblem: (problem: Problem) => void): InspectedFingerprints {
    const slices = new Map<string, string>()
    if (kernel === null || kernel.base === null) return { base: null, slices }
    const { bytes } = kernel.base
    const attempt = <Value>(file: string, make: () => Value): Value | null => {
      try {
        return make()
      } catch (error) {
        if (!(error instanceof BtfError)) throw error
        // What cannot be read is told elsewhere.
        if (error.code === 'btf-repetition') {
          onProblem({ code: error.code, file, at: null, message: error.message })
        }
        return null
      }
    }
    const { file } = kernel.kernel
    const base = attempt(file, () => readBtf(bytes))
    if (base === null) return { base: null, slices }
    const fingerprints = fingerprintsOf(base)
    const all = attempt(file, () => fingerprints.all(bytes))
    if (all === null) return { base: null, slices }
    for (const { file: module, btf, originStrings } of this.modules) {
      if (originStrings !== null && originStrings !== base.stringsLength) continue
      const slice = attempt(module, () => fingerprints.slice(readBtf(btf, base)))
      if (slice !== null) slices.set(module, slice)
    }
    return { base: all, slices }
  }
}
