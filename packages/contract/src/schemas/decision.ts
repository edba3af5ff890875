import Type, { type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { gateReasonCodes } from '../gate-reasons.js'
import { gateOutcomes } from '../words.js'
import { count, nullableCursor, nullableTimestamp, oneOf, ref, Timestamp, Uuid } from './base.js'
import { BuildRef } from './build.js'
import { gateLimits } from './gate.js'
import { gateExample } from './gate-example.js'
import { Considered, GateModule, GateReason, RuleUse, WaivedReason } from './gate-reason.js'
import { EnvironmentName } from './live.js'
import { StreamName } from './names.js'

const { ids, newer, older, at } = gateExample

const decisionHead = {
  id: Uuid,
  answer: oneOf(gateOutcomes, '`unknown`: evidence is missing, which is not a pass'),
  stream: StreamName,
  build: ref(BuildRef),
  environment: EnvironmentName,
  policyVersion: count('Version of the policy that it went by'),
  inputs: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 over all that it was decided by' }),
  createdAt: Timestamp,
}

/** A decision in a list. */
export const DecisionSummary = Type.Object(
  {
    ...decisionHead,
    asked: count('How often it was the answer to a caller; the service asks by itself too'),
    lastAskedAt: nullableTimestamp,
  },
  { $id: 'DecisionSummary', description: 'A decision in a list' },
)
export type DecisionSummary = Static<typeof DecisionSummary>

/** Whether a build may be published into an environment, and why not. */
export const Decision = Type.Object(
  {
    ...decisionHead,
    reasons: Type.Array(ref(GateReason), {
      description: 'Why it does not pass; those that make it fail first',
    }),
    waived: Type.Array(ref(WaivedReason), {
      description: 'What waivers took out, and what lapsed ones do not any more',
    }),
    tolerated: count('Findings that rules of the policy let pass'),
    loadUnknown: count(
      'Modules on kernels, over all pairs, of which not all is known that the kernel compares besides BTF, whatever the policy says of it',
    ),
    refused: count(
      'Different contents that came under the name of the build or of one of its artifacts, besides what is recorded; those that nobody has acknowledged are among the reasons',
    ),
    withoutBtf: count('Modules on kernels, over all pairs, that have no BTF'),
    emptyArtifacts: Type.Array(Type.String(), {
      maxItems: gateLimits.named,
      description:
        'Artifacts of the build in which nothing was found that is compared (`artifact-empty`), the first by name',
    }),
    moreWaivers: count(
      'Waivers that were not looked at, as more are bound to the pairs than a decision looks at (2,000): the oldest, and first those that count no more',
    ),
    rules: Type.Array(ref(RuleUse), { description: 'Rules of the policy that were used' }),
    unusedRules: Type.Array(ref(RuleUse), { description: 'Rules that decided nothing' }),
    considered: Type.Array(ref(Considered), { description: 'Builds that the new one might meet' }),
    compared: Type.Object({
      pairs: count('Pairs looked at'),
      modules: count('Modules on kernels, over all pairs'),
    }),
  },
  {
    $id: 'Decision',
    description: 'Whether a build may be published into an environment, and why not',
    examples: [
      {
        id: ids.decision,
        answer: 'fail',
        stream: 'openSUSE:Factory/x86_64/default',
        build: newer,
        environment: 'production',
        policyVersion: 0,
        inputs: '0'.repeat(64),
        createdAt: at,
        reasons: [
          {
            code: 'verdict',
            outcome: 'fail',
            direction: 'modules-on-live',
            kernelBuild: older,
            moduleBuild: newer,
            verdict: 'rejected',
            count: 1,
            modules: [{ name: 'ipheth', href: `/v1/pairs/${ids.live}/${ids.build}/modules/ipheth` }],
            detail: null,
            message: gateReasonCodes.verdict.sentence,
            remedy: gateReasonCodes.verdict.remedy,
            href: `/v1/pairs/${ids.live}/${ids.build}`,
          },
        ],
        waived: [],
        tolerated: 0,
        loadUnknown: 0,
        refused: 0,
        withoutBtf: 0,
        emptyArtifacts: [],
        moreWaivers: 0,
        rules: [],
        unusedRules: [],
        considered: [
          {
            build: older,
            kernelRelease: '5.15.12-1-default',
            live: true,
            compared: true,
            because: 'same-release',
          },
        ],
        compared: { pairs: 2, modules: 8046 },
      },
    ],
  },
)
export type Decision = Static<typeof Decision>

const context = Object.fromEntries(
  [BuildRef, Considered, GateModule, GateReason, RuleUse, WaivedReason].map((schema: TSchema) => [
    `${(schema as { $id?: string }).$id}#`,
    schema,
  ]),
)

/** Whether a value is a decision as the schema has it: nothing less may be taken for a gate's answer. */
export function isDecision(value: unknown): value is Decision {
  return Value.Check(context, Decision, value)
}

/** A page of decisions. */
export const DecisionList = Type.Object(
  { items: Type.Array(ref(DecisionSummary)), next: nullableCursor },
  { $id: 'DecisionList', description: 'Decisions, the latest first' },
)
export type DecisionList = Static<typeof DecisionList>
