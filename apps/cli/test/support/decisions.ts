import type { Decision } from '@basedrift/contract'

export const build = { id: '019a0000-0000-7000-8000-000000000002', version: '5.15.12', release: '1.3' }
export const live = { id: '019a0000-0000-7000-8000-000000000001', version: '5.15.12', release: '1.1' }
export const environment = 'production'

const about = { direction: 'modules-on-live', kernelBuild: live, moduleBuild: build } as const
const reason = {
  code: 'verdict',
  outcome: 'fail',
  ...about,
  verdict: 'rejected',
  count: 12,
  modules: [{ name: 'ip<het>h', href: '/v1/x' }],
  detail: null,
  message: 'Modules have a verdict that blocks.',
  remedy: 'Build them together.',
  href: '/v1/pairs/x/y',
} as const

/** A decision that passes, but for what is given. */
export function decision(more: Partial<Decision> = {}): Decision {
  return {
    id: '019a0000-0000-7000-8000-000000000005',
    answer: 'pass',
    stream: 'example/x86_64/default',
    build,
    environment,
    policyVersion: 0,
    inputs: '0'.repeat(64),
    createdAt: '2026-01-15T09:30:00.000Z',
    reasons: [],
    waived: [],
    tolerated: 0,
    loadUnknown: 0,
    refused: 0,
    withoutBtf: 0,
    emptyArtifacts: [],
    moreWaivers: 0,
    rules: [],
    unusedRules: [],
    considered: [],
    compared: { pairs: 2, modules: 8 },
    ...more,
  }
}
/** One that fails, with a reason of each kind, and a waiver. */
export const failed = decision({
  answer: 'fail',
  policyVersion: 3,
  reasons: [
    { ...reason, modules: [...reason.modules] },
    {
      ...reason,
      modules: [],
      code: 'comparison-pending',
      outcome: 'unknown',
      verdict: null,
      count: 0,
      message: 'Two builds have not been compared yet.',
      remedy: 'Wait for it.',
    },
  ],
  waived: [
    {
      waiver: '019a0000-0000-7000-8000-000000000004',
      state: 'active',
      reason: 'nobody & nothing looks at it',
      author: 'anna',
      expiresAt: '2026-02-01T00:00:00.000Z',
      ...about,
      verdict: 'misread',
      count: 1,
      modules: [{ name: 'saucer', href: '/v1/y' }],
    },
  ],
  tolerated: 5,
  rules: [{ line: 1, pattern: 'a*', verdict: 'PASS', count: 5 }],
  unusedRules: [{ line: 2, pattern: 'b', verdict: 'FAIL', count: 0 }],
  considered: [
    { build: live, kernelRelease: '5.15.11', live: true, compared: false, because: 'other-release' },
  ],
})
