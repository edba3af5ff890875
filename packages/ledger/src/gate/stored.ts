import { type GateReason, meaningOfReason, remedyOf, type WaivedReason } from '@basedrift/contract'
import type { JsonObject } from '../rows.js'
import type { Decided } from './inputs.js'
import { moduleHref } from './tally.js'

/** What is recorded of a decision besides its answer. */
export type DecidedResult = Omit<Decided, 'answer'>

/** What was not counted from the first version on. */
type Later = 'loadUnknown' | 'refused' | 'withoutBtf' | 'emptyArtifacts' | 'moreWaivers'

type Affected = Pick<GateReason, 'kernelBuild' | 'moduleBuild' | 'modules'>
type Packed<T extends Affected> = Omit<T, 'modules' | 'message' | 'remedy'> & { modules: string[] }

const names = ({ modules }: Affected) => modules.map(({ name }) => name)

function links({ kernelBuild, moduleBuild }: Omit<Affected, 'modules'>, modules: readonly string[]) {
  if (kernelBuild === null || moduleBuild === null) return []
  return modules.map((name) => ({ name, href: moduleHref(kernelBuild, moduleBuild, name) }))
}

/** A result as it is recorded: without what follows from the rest, which is three quarters of it. */
export function packResult({ reasons, waived, ...rest }: DecidedResult): JsonObject {
  const packed = {
    ...rest,
    reasons: reasons.map(({ message: _message, remedy: _remedy, ...reason }) => ({
      ...reason,
      modules: names(reason),
    })),
    waived: waived.map((one) => ({ ...one, modules: names(one) })),
  }
  return packed as unknown as JsonObject
}

/** A result as it was before `packResult`. One from before something was counted has none of it; a code of a later version stays. */
export function unpackResult(stored: unknown): DecidedResult {
  const {
    reasons,
    waived,
    loadUnknown = 0,
    refused = 0,
    withoutBtf = 0,
    emptyArtifacts = [],
    moreWaivers = 0,
    ...rest
  } = stored as Omit<DecidedResult, 'reasons' | 'waived' | Later> & {
    [counted in Later]?: DecidedResult[counted]
  } & {
    reasons: Packed<GateReason>[]
    waived: Packed<WaivedReason>[]
  }
  return {
    ...rest,
    loadUnknown,
    refused,
    withoutBtf,
    emptyArtifacts,
    moreWaivers,
    reasons: reasons.map((reason) => {
      const { sentence: message } = meaningOfReason(reason.code)
      const remedy = remedyOf(reason.code, reason.direction)
      return { ...reason, modules: links(reason, reason.modules), message, remedy }
    }),
    waived: waived.map((one) => ({ ...one, modules: links(one, one.modules) })),
  }
}
