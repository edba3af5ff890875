import type { BaseRow, ModuleRow } from '@basedrift/ledger'

/** A module that was not built on a base, and what shows it. */
export interface Misfit {
  file: string
  /** A clause with the module as its subject. */
  detail: string
  /** Whether it tells another string length than the base has, and not its references contradict it. */
  otherLength: boolean
}

/** Which modules of a set show that they were not built on a base. */
export interface Fit {
  sha256: string
  /** Modules that tell anything of the base that they were built on. */
  telling: number
  misfits: Misfit[]
}

const number = (value: number) => value.toLocaleString('en-US')

/** Looks which modules tell another string length than a base has. Modules with a `.BTF.base` were built on that. */
export function fitOf(manifest: readonly ModuleRow[], base: BaseRow): Fit {
  const telling = manifest.filter(
    ({ originStrings, distilledSha256 }) => originStrings !== null && distilledSha256 === null,
  )
  const misfits = telling
    .filter(({ originStrings }) => originStrings !== base.strings)
    .map(({ file, originStrings }) => ({
      file,
      detail: `it tells a base with ${number(originStrings ?? 0)} bytes of strings, and that one has ${number(base.strings)}`,
      otherLength: true,
    }))
  return { sha256: base.sha256, telling: telling.length, misfits }
}

/** Whether most of the modules that tell anything show that they were not built on the base. */
export function isRefuted({ telling, misfits }: Fit): boolean {
  return misfits.length * 2 > telling
}
