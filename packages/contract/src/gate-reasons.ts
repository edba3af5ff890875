import type { GateOutcome } from './words.js'

/** What a reason leads to, what it says, and what would change it. */
export interface GateReasonMeaning {
  readonly outcome: Exclude<GateOutcome, 'pass'>
  readonly sentence: string
  readonly remedy: string
}

/** Every code of a reason for which a gate does not pass a build. */
export const gateReasonCodes = {
  verdict: {
    outcome: 'fail',
    sentence: 'Modules have a verdict that blocks.',
    remedy:
      'Build the modules and the kernel that meet them together, hold the build back until those machines have moved on, or waive it.',
  },
  load: {
    outcome: 'fail',
    sentence:
      'Kernels refuse modules, or misread the type ids in their code, for what they compare besides BTF.',
    remedy: 'Build the modules against that kernel; the explanation of each module says what differs.',
  },
  'verdict-unknown': {
    outcome: 'unknown',
    sentence: 'Nothing shows what modules bind to: the base that they were built on is not known.',
    remedy:
      'Upload the kernel that they were built on, name it as `builtFor` of their build, or stamp the modules when they are built.',
  },
  'verdict-error': {
    outcome: 'unknown',
    sentence: 'Modules could not be read.',
    remedy: 'Look at the problems of the artifact, and upload a sound one under a new release.',
  },
  'comparison-pending': {
    outcome: 'unknown',
    sentence: 'Two builds have not been compared yet.',
    remedy: 'Wait for it: ask with `wait`.',
  },
  'comparison-failed': {
    outcome: 'unknown',
    sentence: 'Two builds could not be compared.',
    remedy:
      'The pair’s own error says why; most often the version of the kernel is not known: upload its config with it.',
  },
  'build-unsealed': {
    outcome: 'unknown',
    sentence: 'The build is not sealed: more of it may come.',
    remedy: 'Upload the rest of it, then seal it.',
  },
  'build-pending': {
    outcome: 'unknown',
    sentence: 'The build has not been read yet.',
    remedy: 'Wait for it: ask with `wait`.',
  },
  'build-failed': {
    outcome: 'unknown',
    sentence: 'Nothing of the build could be used.',
    remedy: 'Its own failure says why; upload sound packages under a new release.',
  },
  'artifact-unusable': {
    outcome: 'unknown',
    sentence: 'Something of the build’s artifacts could not be used.',
    remedy: 'Look at the problems of the build, and upload sound packages under a new release.',
  },
  'environment-empty': {
    outcome: 'unknown',
    sentence: 'Nothing of this stream is live in the environment.',
    remedy:
      'Say what machines run: `basedrift live enter`. Where nothing does yet, the policy can let that pass: `emptyEnvironment`.',
  },
  'live-pending': {
    outcome: 'unknown',
    sentence: 'A live build has not been read yet.',
    remedy: 'Seal it where it is not sealed, and wait for it: ask with `wait`.',
  },
  'live-failed': {
    outcome: 'unknown',
    sentence: 'Nothing of a live build could be used, so what machines run is not known.',
    remedy: 'Upload its packages under a new release, let that enter, and let the failed one leave.',
  },
  'nothing-compared': {
    outcome: 'unknown',
    sentence: 'There was nothing to compare: the build brings no modules, or no kernel meets them.',
    remedy:
      'Upload the modules of the kernel with it before it is sealed; or let the policy compare other releases.',
  },
} as const satisfies Record<string, GateReasonMeaning>

/** A code of a reason for which a gate does not pass a build. */
export type GateReasonCode = keyof typeof gateReasonCodes
