import { type Problem, problem, type SymversFacts, symbolFlags } from '@basedrift/artifacts'
import type { FoundKernel } from './kernels.js'
import { NamePool } from './pure/index.js'

/** Where a `Module.symvers` was found. */
export interface FoundSymvers<S extends SymversFacts = SymversFacts> {
  /** Beside the kernel itself. */
  readonly symvers: readonly S[]
  /** In other inputs, as that of the modules. */
  readonly otherSymvers?: readonly S[]
}

/** The symbol versions that are taken for a kernel's. */
export interface KernelSymvers<S extends SymversFacts> {
  /** Those that count. */
  readonly counted: readonly S[]
  /** Those that say of the kernel what its image denies, each as the problem that it is. */
  readonly contradicting: readonly (Problem & { readonly symvers: S })[]
}

/**
 * Those of a kernel: each `Module.symvers` of its release, or the only one beside it where that names none. One that lists an export
 * which the kernel's image does not have, or with another CRC, is of another build: modpost writes both from the same objects.
 */
export function symversOf<S extends SymversFacts>(
  { kernel, exports }: FoundKernel,
  { symvers, otherSymvers = [] }: FoundSymvers<S>,
): KernelSymvers<S> {
  const isNamed = (found: S) => found.release !== null && found.release === kernel.release
  const taken = [
    ...symvers.filter((found) => isNamed(found) || (found.release === null && symvers.length === 1)),
    ...otherSymvers.filter(isNamed),
  ]
  if (exports === null || taken.length === 0) return { counted: taken, contradicting: [] }
  const names = new NamePool()
  const { ids, crcs, flags } = names.pool(exports)
  const crcOf = new Map<number, number | null>()
  ids.forEach((id, nth) => {
    crcOf.set(id, flags[nth]! & symbolFlags.noCrc ? null : crcs[nth]!)
  })
  const counted: S[] = []
  const contradicting: KernelSymvers<S>['contradicting'][number][] = []
  for (const one of taken) {
    const detail = contradiction(one, kernel.file, names, crcOf)
    if (detail === null) counted.push(one)
    else contradicting.push({ ...problem('symvers-contradicts', one.file, null, detail), symvers: one })
  }
  return { counted, contradicting }
}

/** The first line that the image denies, with the number of the others; null where there is none. */
function contradiction(
  { exports }: SymversFacts,
  image: string,
  names: NamePool,
  crcOf: ReadonlyMap<number, number | null>,
): string | null {
  const { ids, crcs, flags } = names.pool(exports)
  let first: string | null = null
  let more = -1
  for (let nth = 0; nth < ids.length; nth++) {
    const bits = flags[nth]!
    if (bits & symbolFlags.ofModule) continue
    const known = crcOf.get(ids[nth]!)
    const crc = bits & symbolFlags.noCrc ? null : crcs[nth]!
    if (known !== undefined && (known === null || crc === null || known === crc)) continue
    more++
    if (first !== null) continue
    const name = names.name(ids[nth]!)
    first =
      known === undefined
        ? `${name} is not exported by ${image}`
        : `${name} has the version ${hex(crc!)} in it, ${hex(known!)} in ${image}`
  }
  return first === null || more === 0 ? first : `${first} (and ${more} more like it)`
}

function hex(crc: number): string {
  return `0x${crc.toString(16).padStart(8, '0')}`
}
