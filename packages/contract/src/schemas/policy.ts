import Type, { type Static } from 'typebox'
import { blockableVerdicts } from '../words.js'
import { count, nullableString, nullableTimestamp, oneOf } from './base.js'
import { gateLimits } from './gate.js'
import { StreamName } from './names.js'

const policyFields = {
  blocking: Type.Array(oneOf(blockableVerdicts, 'A verdict that blocks'), {
    uniqueItems: true,
    maxItems: blockableVerdicts.length,
    description:
      'Verdicts that block. `crashes` always does, and `unknown` and `error` never pass; `refused` and `loads-misread` are what ' +
      'the kernel compares besides BTF; `symbols-missing`, imports that nothing known exports, `load-doubtful`, modules without symbol ' +
      'versions, vermagic or exports of what they replace, and `load-unknown`, what else of that is not known, make the answer `unknown` where they are here',
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
  live: oneOf(
    ['newest', 'all'] as const,
    'Which live kernels count, of those that find the modules: of each `uname -r` the newest version, or all',
  ),
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
  modulesWithoutBtf: oneOf(
    ['unknown', 'pass'] as const,
    'What a build is whose kernel, or the one that it was built for, has BTF made for modules by its config, and of which no module has any',
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
