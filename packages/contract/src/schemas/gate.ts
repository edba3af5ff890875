import Type, { type Static } from 'typebox'
import { type GateReasonCode, gateReasonCodes } from '../gate-reasons.js'
import {
  blockableVerdicts,
  type GateDirection,
  type GateVerdict,
  gateDirections,
  gateOutcomes,
  gateUseKinds,
  gateVerdicts,
  meetingReasons,
  waivableVerdicts,
  waiverStates,
} from '../words.js'
import {
  count,
  nullableCursor,
  nullableRef,
  nullableString,
  nullableTimestamp,
  oneOf,
  ref,
  Sha256,
  Timestamp,
  Uuid,
} from './base.js'
import { BuildRef } from './build.js'
import { Author, EnvironmentName } from './live.js'
import { ModuleName, StreamName } from './names.js'

/** Bounds of what people write for a gate: characters, lines, days and entries. */
export const gateLimits = {
  rulesChars: 32_768,
  rules: 1_000,
  patternChars: 256,
  reasonChars: 1_024,
  waiverModules: 500,
  waiverDays: 366,
  waitSeconds: 600,
  /** Modules that are named of each reason; `count` has them all. */
  named: 10,
} as const

const ids = {
  build: '019a0000-0000-7000-8000-000000000002',
  live: '019a0000-0000-7000-8000-000000000001',
  decision: '019a0000-0000-7000-8000-000000000005',
  waiver: '019a0000-0000-7000-8000-000000000004',
}
const newer = { id: ids.build, version: '5.15.12', release: '1.3' }
const older = { id: ids.live, version: '5.15.12', release: '1.1' }
const at = '2026-01-15T09:30:00.000Z'

const why = Type.String({
  minLength: 3,
  maxLength: gateLimits.reasonChars,
  pattern:
    '^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f\\p{Surrogate}]*\\S[^\\u0000-\\u0008\\u000b-\\u001f\\u007f\\p{Surrogate}]*$',
  description: 'Why, for whoever reads it later',
})

const policyFields = {
  blocking: Type.Array(oneOf(blockableVerdicts, 'A verdict that blocks'), {
    uniqueItems: true,
    maxItems: blockableVerdicts.length,
    description:
      'Verdicts that block. `crashes` always does, and `unknown` and `error` never pass; `refused` and `loads-misread` are what ' +
      'the kernel compares besides BTF, `load-unknown` what of that is not known: where it is here, it makes the answer `unknown`',
  }),
  discardedLoads: Type.Boolean({
    description:
      'Whether a module that loads without its BTF counts as one that loads, so that `discarded` does not block',
  }),
  rules: Type.String({
    maxLength: gateLimits.rulesChars,
    pattern: '^[^\\u0000-\\u0008\\u000e-\\u001f\\u007f\\p{Surrogate}]*$',
    description:
      'Rules for modules as SUSE’s kabi/severities has them: a line is PATTERN PASS or PATTERN FAIL, `#` starts a comment, the first ' +
      'that fits counts',
    examples: ['drivers/staging/* PASS # nobody has them\nxfs FAIL\n'],
  }),
  live: oneOf(['newest', 'all'] as const, 'Which live kernels count: the newest version, or all'),
  kernels: oneOf(
    ['same-release', 'all'] as const,
    'Which of these the modules of a kernel build meet: those of the same `uname -r`, or all',
  ),
  weakUpdates: Type.Boolean({
    description:
      'Whether packages of modules alone (KMP, dkms) are also used by kernels of another `uname -r`',
  }),
  emptyEnvironment: oneOf(
    ['unknown', 'pass'] as const,
    'What an environment is in which nothing of the stream is live; with `pass` the build itself is still looked at',
  ),
}

/** What a gate goes by, as it is set: what is left out is as it is without any policy. */
export const PolicySettings = Type.Partial(Type.Object(policyFields), {
  $id: 'PolicySettings',
  additionalProperties: false,
  description: 'What a gate goes by; what is left out is as without any policy',
  examples: [{ discardedLoads: true, rules: 'drivers/staging/* PASS\n', live: 'newest' }],
})
export type PolicySettings = Static<typeof PolicySettings>

/** What the gates of a stream go by. */
export const Policy = Type.Object(
  {
    stream: StreamName,
    version: count('Counts up with every change; 0 where none was ever set'),
    ...policyFields,
    author: nullableString({ description: 'Who set it' }),
    createdAt: nullableTimestamp,
  },
  { $id: 'Policy', description: 'What the gates of a stream go by' },
)
export type Policy = Static<typeof Policy>

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
    code: Type.Unsafe<GateReasonCode>({ enum: Object.keys(gateReasonCodes), description: 'Stable' }),
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

/** What was asked or done besides deciding. */
export const GateUse = Type.Object(
  {
    id: Uuid,
    kind: oneOf(gateUseKinds, '`dry-run`: only asked; `break-glass`: published all the same'),
    build: Type.String({ description: 'As it was named' }),
    environment: EnvironmentName,
    decision: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Id of the decision' }),
    reason: nullableString({ description: 'Why, as it was given' }),
    by: Type.String({ description: 'Name of the token' }),
    onBehalfOf: nullableString({ description: 'Who did it, as the caller says' }),
    at: Timestamp,
  },
  {
    $id: 'GateUse',
    description: 'What was asked, or done, besides deciding',
    examples: [
      {
        id: '019a0000-0000-7000-8000-000000000006',
        kind: 'break-glass',
        build: ids.build,
        environment: 'production',
        decision: ids.decision,
        reason: 'security fix, cannot wait for the KMP',
        by: 'release-ci',
        onBehalfOf: 'anna@build7',
        at,
      },
    ],
  },
)
export type GateUse = Static<typeof GateUse>

/** A page of them. */
export const GateUseList = Type.Object(
  { items: Type.Array(ref(GateUse)), next: nullableCursor },
  { $id: 'GateUseList', description: 'Dry runs and broken glasses, the latest first' },
)
export type GateUseList = Static<typeof GateUseList>

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
export const DecisionSummary = Type.Object(decisionHead, {
  $id: 'DecisionSummary',
  description: 'A decision in a list',
})
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
    rules: Type.Array(ref(RuleUse), { description: 'Rules of the policy that were used' }),
    unusedRules: Type.Array(ref(RuleUse), { description: 'Rules that decided nothing' }),
    considered: Type.Array(ref(Considered), { description: 'Builds that the new one might meet' }),
    compared: Type.Object({
      pairs: count('Pairs looked at'),
      modules: count('Modules on kernels, over all pairs'),
    }),
    uses: Type.Array(ref(GateUse), { description: 'Dry runs that got it, and who published against it' }),
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
        uses: [],
      },
    ],
  },
)
export type Decision = Static<typeof Decision>

/** A page of decisions. */
export const DecisionList = Type.Object(
  { items: Type.Array(ref(DecisionSummary)), next: nullableCursor },
  { $id: 'DecisionList', description: 'Decisions, the latest first' },
)
export type DecisionList = Static<typeof DecisionList>

/** How long to wait for an answer other than `unknown`: seconds, or `90s`, `10m`. */
export const GateWait = Type.String({
  pattern: '^([0-9]{1,3}s?|10m|[0-9]m)$',
  description:
    'Wait as long for another answer than `unknown`: seconds, or `90s`, `10m`; ten minutes at most',
  examples: ['10m'],
})

/** Body of what is recorded where somebody publishes against a gate. */
export const BreakGlass = Type.Object(
  {
    build: Type.String({
      minLength: 1,
      maxLength: 460,
      pattern: '^[^\\u0000-\\u001f\\u007f\\p{Surrogate}]+$',
      description: 'Its id, or how else it is known',
    }),
    environment: EnvironmentName,
    reason: why,
    decision: Type.Optional(Uuid),
    onBehalfOf: Type.Optional(Author),
  },
  {
    $id: 'BreakGlass',
    additionalProperties: false,
    description: 'Somebody publishes against the gate, or without it',
    examples: [
      { build: ids.build, environment: 'production', reason: 'security fix, cannot wait for the KMP' },
    ],
  },
)
export type BreakGlass = Static<typeof BreakGlass>

const waivedVerdicts = Type.Array(oneOf(waivableVerdicts, 'A verdict that is accepted'), {
  minItems: 1,
  maxItems: waivableVerdicts.length,
  uniqueItems: true,
  description: 'Verdicts that are accepted; what crashes a kernel cannot be',
})

/** Body of a new waiver. */
export const WaiverRequest = Type.Object(
  {
    kernelBuild: Uuid,
    moduleBuild: Uuid,
    verdicts: waivedVerdicts,
    modules: Type.Union(
      [
        Type.Array(ModuleName, { minItems: 1, maxItems: gateLimits.waiverModules, uniqueItems: true }),
        Type.Literal('all'),
      ],
      { description: 'Modules by name, or `all` of the build' },
    ),
    reason: why,
    expiresAt: Type.String({
      format: 'date-time',
      maxLength: 40,
      description: `When it ends, RFC 3339: within ${gateLimits.waiverDays} days`,
    }),
  },
  {
    $id: 'WaiverRequest',
    additionalProperties: false,
    description: 'Acceptance of named verdicts of modules of one build on the kernel of another',
    examples: [
      {
        kernelBuild: ids.live,
        moduleBuild: ids.build,
        verdicts: ['discarded'],
        modules: ['ipheth'],
        reason: 'No BPF program looks at it; the next rebuild has it',
        expiresAt: '2026-02-01T00:00:00Z',
      },
    ],
  },
)
export type WaiverRequest = Static<typeof WaiverRequest>

/** Somebody's acceptance of named verdicts, for as long as nothing changes and until it expires. */
export const Waiver = Type.Object(
  {
    id: Uuid,
    stream: StreamName,
    state: oneOf(waiverStates, '`expired` and `withdrawn` are kept, and count for nothing'),
    kernelBuild: ref(BuildRef),
    moduleBuild: ref(BuildRef),
    baseSha256: Type.Unsafe<string>({ ...Sha256, description: 'Base of the kernel that it is bound to' }),
    moduleSet: Type.Unsafe<string>({
      ...Sha256,
      description: 'Set of modules that it is bound to where it is for all of them',
    }),
    verdicts: waivedVerdicts,
    modules: Type.Unsafe<{ name: string; sha256: string }[] | null>({
      anyOf: [
        { type: 'array', items: Type.Object({ name: Type.String(), sha256: Sha256 }) },
        { type: 'null' },
      ],
      description: 'Modules that it is bound to, by the SHA-256 of their files; null for all of the set',
    }),
    reason: Type.String(),
    author: Type.String(),
    expiresAt: Timestamp,
    createdAt: Timestamp,
    withdrawnAt: nullableTimestamp,
    withdrawnBy: nullableString(),
  },
  {
    $id: 'Waiver',
    description: 'Somebody’s acceptance of named verdicts, bound to the content of both sides',
  },
)
export type Waiver = Static<typeof Waiver>

/** A page of waivers. */
export const WaiverList = Type.Object(
  { items: Type.Array(ref(Waiver)), next: nullableCursor },
  { $id: 'WaiverList', description: 'Waivers, the latest first' },
)
export type WaiverList = Static<typeof WaiverList>
