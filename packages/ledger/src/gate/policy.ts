import { blockableVerdicts, type Policy, type PolicySettings } from '@basedrift/contract'
import { type ModuleRule, parseModuleRules } from './module-rules.js'

/** What a gate goes by, with nothing left out. */
export type PolicyTerms = Required<PolicySettings>

/**
 * Without any policy: all verdicts block but `no-btf` and `load-unknown` (`symbols-missing` and `load-doubtful` make the answer `unknown`), every live kernel of the same `uname -r` counts, packages of modules alone are
 * taken to reach kernels of any.
 */
export const defaultTerms: PolicyTerms = {
  blocking: blockableVerdicts.filter((verdict) => verdict !== 'no-btf' && verdict !== 'load-unknown'),
  discardedLoads: false,
  rules: '',
  live: 'all',
  kernels: 'same-release',
  weakUpdates: true,
  emptyEnvironment: 'unknown',
  modulesWithoutBtf: 'unknown',
}

/** A version of the policy of a stream. */
export type PolicyRow = Omit<Policy, 'stream'>

/** A policy made ready to decide by. */
export interface ReadyPolicy extends PolicyTerms {
  readonly version: number
  readonly moduleRules: readonly ModuleRule[]
}

/** @throws LedgerError `policy-invalid` */
export function readyPolicy(version: number, terms: PolicyTerms): ReadyPolicy {
  return { ...terms, version, moduleRules: parseModuleRules(terms.rules) }
}

/**
 * What a build is attested by: the default terms, and what those of its stream look at besides. A policy may add to an attestation, and
 * takes nothing out of it. (What else it sets lets more pass, or blocks what no attestation passes anyway.)
 */
export function attestedTerms({ kernels, blocking }: PolicyTerms): PolicyTerms {
  return completeTerms({ kernels, blocking: [...defaultTerms.blocking, ...blocking] })
}

/** Settings with what was left out; verdicts in their own order, so that equal policies are equal. */
export function completeTerms(settings: PolicySettings): PolicyTerms {
  const terms = { ...defaultTerms, ...settings }
  return { ...terms, blocking: blockableVerdicts.filter((verdict) => terms.blocking.includes(verdict)) }
}
