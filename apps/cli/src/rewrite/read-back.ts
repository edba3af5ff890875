import {
  type Btf,
  checkModule,
  type Distilled,
  type Rebased,
  type Rebaser,
  type Rules,
  readBtf,
  relocate,
} from '@basedrift/btf'
import { judge, OriginBase } from '@basedrift/check'
import { CliError } from '../errors.js'
import type { BaseFile } from './base-file.js'
import type { ModuleFile } from './module-file.js'
import { idsNamed } from './rewritten.js'

/** A kernel that relocates, with the checks that all later ones have too. */
const rules: Rules = { version: '6.14', allowBtfMismatch: false }

/**
 * Holds what was distilled against the base that it was taken off, as a kernel would: it must be accepted, and every type
 * must be mapped to the one that it stands for.
 * @throws CliError `distill-refused`
 */
export function mustRelocate({ path, name }: ModuleFile, distilled: Distilled, { running }: BaseFile): void {
  const { btf, base, ids } = distilled
  const refused = (what: string): CliError =>
    new CliError('distill-refused', `Kernels would not take the distilled base: ${what}.`, path)
  const answer = checkModule({ name, btf, distilled: base }, running, rules)
  if (answer.outcome !== 'accepted') throw refused(answer.log.at(-2) ?? answer.reason?.code ?? answer.outcome)
  const relocated = relocate(btf, base, running, rules)
  const own = readBtf(base)
  for (let id = 1; id <= running.btf!.lastId; id++) {
    const at = ids[id]!
    if (at === 0 || at > own.lastId || relocated?.ids[at] === id) continue
    throw refused(`they map ${own.name(at)} to another type of that name`)
  }
}

/**
 * Reads a rebased BTF back on its new base: the verdict must be `compatible`, and every type, with those of the base that
 * `.BTF_ids` names, must mean there what it means in the module.
 * @throws CliError `rebase-refused`, `rebase-unproved`
 */
export function mustMeanTheSame(
  module: ModuleFile,
  split: Btf,
  rebased: Rebased,
  rebaser: Rebaser,
  target: BaseFile,
): void {
  const { path, name } = module
  const origin = new OriginBase(target.sha256, target.running)
  const context = { runningSha256: target.sha256, origin, rules }
  const { btf } = rebased
  const { verdict, log, reason } = judge({ name, btf, distilled: null }, target.running, context)
  if (verdict !== 'compatible') {
    const why = log.at(-2) ?? reason?.code ?? verdict
    throw new CliError(
      'rebase-refused',
      `Kernels would not take its BTF on the new base either: ${why}.`,
      path,
    )
  }
  const fault = rebaser.faultOf(split, rebased, idsNamed(module))
  if (fault === null) return
  const { originId, expected, rebasedId, actual } = fault
  const what = `type ${originId}, ${expected}, became type ${rebasedId}, ${actual}`
  throw new CliError('rebase-unproved', `What would be written means something else: ${what}.`, path)
}
