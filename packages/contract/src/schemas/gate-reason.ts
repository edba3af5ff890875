import Type, { type Static } from 'typebox'
import { gateReasonCodes } from '../gate-reasons.js'
import {
  type GateDirection,
  type GateVerdict,
  gateDirections,
  gateVerdicts,
  meetingReasons,
  waiverStates,
} from '../words.js'
import { count, nullableRef, nullableString, oneOf, ref, Timestamp, Uuid } from './base.js'
import { BuildRef } from './build.js'
import { gateLimits } from './gate.js'

const nullableDirection = Type.Unsafe<GateDirection | null>({
  enum: [...gateDirections, null],
  description: 'Who meets whom',
})
const nullableVerdict = Type.Unsafe<GateVerdict | null>({
  enum: [...gateVerdicts, null],
  description: 'Of all these modules',
})

/** A module, and where it is explained. */
export const GateModule = Type.Object(
  {
    name: Type.String({ description: 'As the kernel has it' }),
    href: Type.String({ description: 'Its explanation' }),
  },
  { $id: 'GateModule', description: 'A module, and where it is explained' },
)
export type GateModule = Static<typeof GateModule>

const affected = {
  direction: nullableDirection,
  kernelBuild: nullableRef(BuildRef),
  moduleBuild: nullableRef(BuildRef),
  verdict: nullableVerdict,
  count: count('Modules in all; 0 where it is not about modules'),
  modules: Type.Array(ref(GateModule), { description: `The first by name, at most ${gateLimits.named}` }),
}

/** Why a build does not pass. */
export const GateReason = Type.Object(
  {
    code: Type.String({
      pattern: '^[a-z][a-z0-9-]{0,63}$',
      description:
        'Stable. The examples are all that this version gives; another is one that a later version recorded, and no pass either',
      examples: Object.keys(gateReasonCodes),
    }),
    outcome: oneOf(['fail', 'unknown'] as const, 'What it leads to'),
    ...affected,
    detail: nullableString({ description: 'What exactly: a file, a failure' }),
    message: Type.String({ description: 'What it means' }),
    remedy: Type.String({ description: 'What would change it' }),
    href: nullableString({ description: 'Where to look: the pair, or the build' }),
  },
  { $id: 'GateReason', description: 'Why a build does not pass' },
)
export type GateReason = Static<typeof GateReason>

/** What a waiver took out of a decision. */
export const WaivedReason = Type.Object(
  {
    waiver: Uuid,
    state: oneOf(waiverStates, '`expired` and `withdrawn`: it would have, and does not any more'),
    reason: Type.String(),
    author: Type.String(),
    expiresAt: Timestamp,
    ...affected,
  },
  { $id: 'WaivedReason', description: 'What a waiver took out of a decision' },
)
export type WaivedReason = Static<typeof WaivedReason>

/** A rule of the policy, and what it did. */
export const RuleUse = Type.Object(
  {
    line: Type.Integer({ minimum: 1, description: 'In the rules of the policy' }),
    pattern: Type.String(),
    verdict: oneOf(['PASS', 'FAIL'] as const, 'What it says'),
    count: count('Findings that it decided; 0 where it was not used'),
  },
  { $id: 'RuleUse', description: 'A rule of the policy, and how many findings it decided' },
)
export type RuleUse = Static<typeof RuleUse>

/** A live build, or a package of modules, and whether it was compared with the new one. */
export const Considered = Type.Object(
  {
    build: ref(BuildRef),
    kernelRelease: nullableString({ description: '`uname -r` of its kernel' }),
    live: Type.Boolean({
      description: 'False for a package of modules that was built for a build concerned',
    }),
    compared: Type.Boolean({ description: 'Whether the two can meet' }),
    because: oneOf(meetingReasons, 'Why'),
  },
  {
    $id: 'Considered',
    description: 'A build that the new one might meet, and whether it was compared with it',
  },
)
export type Considered = Static<typeof Considered>
