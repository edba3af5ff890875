import Type, { type Static } from 'typebox'
import { gateUseKinds } from '../words.js'
import { count, nullableCursor, nullableString, oneOf, ref, Timestamp, Uuid } from './base.js'
import { Why } from './gate.js'
import { gateExample } from './gate-example.js'
import { Author, EnvironmentName } from './live.js'

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
    times: count('How often a dry run of the same caller got the same decision; 1 of a broken glass'),
    lastAt: Type.Unsafe<string>({ ...Timestamp, description: 'When that was last' }),
  },
  {
    $id: 'GateUse',
    description: 'What was asked, or done, besides deciding',
    examples: [
      {
        id: '019a0000-0000-7000-8000-000000000006',
        kind: 'break-glass',
        build: gateExample.ids.build,
        environment: 'production',
        decision: gateExample.ids.decision,
        reason: 'security fix, cannot wait for the KMP',
        by: 'release-ci',
        onBehalfOf: 'anna@build7',
        at: gateExample.at,
        times: 1,
        lastAt: gateExample.at,
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

/** Body of what is recorded where somebody publishes against a gate. */
export const BreakGlass = Type.Object(
  {
    build: Type.String({
      minLength: 1,
      maxLength: 460,
      pattern: '^[^\\u0000-\\u001f\\u007f\\p{Surrogate}]+$',
      description: 'Its id, or its stream, a blank, and `VERSION-RELEASE`',
    }),
    environment: EnvironmentName,
    reason: Why,
    decision: Type.Optional(Uuid),
    onBehalfOf: Type.Optional(Author),
  },
  {
    $id: 'BreakGlass',
    additionalProperties: false,
    description: 'Somebody publishes against the gate, or without it',
    examples: [
      {
        build: gateExample.ids.build,
        environment: 'production',
        reason: 'security fix, cannot wait for the KMP',
      },
    ],
  },
)
export type BreakGlass = Static<typeof BreakGlass>
