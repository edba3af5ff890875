import Type, { type Static } from 'typebox'
import { waivableVerdicts, waiverStates } from '../words.js'
import {
  nullableCursor,
  nullableString,
  nullableTimestamp,
  oneOf,
  ref,
  Sha256,
  Timestamp,
  Uuid,
} from './base.js'
import { BuildRef } from './build.js'
import { gateLimits, Why } from './gate.js'
import { gateExample } from './gate-example.js'
import { ModuleName, StreamName } from './names.js'

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
    reason: Why,
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
        kernelBuild: gateExample.ids.live,
        moduleBuild: gateExample.ids.build,
        verdicts: ['discarded'],
        modules: ['ipheth'],
        reason: 'No BPF program looks at it; the next rebuild has it',
        expiresAt: '2027-06-01T00:00:00Z',
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
