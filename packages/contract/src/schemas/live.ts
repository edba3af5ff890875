import Type, { type Static } from 'typebox'
import { buildStates } from '../words.js'
import { count, nullableCursor, nullableString, nullableTimestamp, oneOf, ref, Timestamp } from './base.js'
import { BuildRef } from './build.js'
import { StreamName } from './names.js'

/** Name of an environment: `production`, `staging:eu`. */
export const EnvironmentName = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*$',
  description:
    'Machines that are kept up to date together: letters, digits, `.`, `_`, `:` and `-`, a letter or digit first',
  examples: ['production'],
})

/** Who does something, where that is not told by a token: a hook, a person. */
export const Author = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[^\\u0000-\\u001f\\u007f\\p{Surrogate}]+$',
  description: 'Who says so',
  examples: ['obs-publish-hook'],
})

/** A build that is live in an environment, or was. */
export const Live = Type.Object(
  {
    environment: EnvironmentName,
    stream: StreamName,
    build: ref(BuildRef),
    state: oneOf(buildStates, 'How far the build has come; only what is `done` can be decided by'),
    kernelRelease: nullableString({ description: '`uname -r` of its kernel' }),
    hasKernel: Type.Boolean({ description: 'Whether it has a kernel, as far as it is ingested' }),
    hasModules: Type.Boolean({ description: 'Whether it has modules' }),
    enteredAt: Timestamp,
    enteredBy: Type.String(),
    leftAt: nullableTimestamp,
    leftBy: nullableString(),
  },
  {
    $id: 'Live',
    description: 'A build that is live in an environment, or was',
    examples: [
      {
        environment: 'production',
        stream: 'openSUSE:Factory/x86_64/default',
        build: { id: '019a0000-0000-7000-8000-000000000001', version: '5.15.12', release: '1.1' },
        state: 'done',
        kernelRelease: '5.15.12-1-default',
        hasKernel: true,
        hasModules: true,
        enteredAt: '2026-01-15T09:30:00.000Z',
        enteredBy: 'obs-publish-hook',
        leftAt: null,
        leftBy: null,
      },
    ],
  },
)
export type Live = Static<typeof Live>

/** A page of live builds. */
export const LiveList = Type.Object(
  { items: Type.Array(ref(Live)), next: nullableCursor },
  { $id: 'LiveList', description: 'Live builds, the latest that entered first' },
)
export type LiveList = Static<typeof LiveList>

/** An environment. */
export const Environment = Type.Object(
  { name: EnvironmentName, live: count('Builds that are live in it') },
  { $id: 'Environment', description: 'Machines that are kept up to date together' },
)
export type Environment = Static<typeof Environment>

/** A page of environments. */
export const EnvironmentList = Type.Object(
  { items: Type.Array(ref(Environment)), next: nullableCursor },
  { $id: 'EnvironmentList', description: 'Environments by name' },
)
export type EnvironmentList = Static<typeof EnvironmentList>
