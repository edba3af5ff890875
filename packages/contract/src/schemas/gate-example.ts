const ids = {
  build: '019a0000-0000-7000-8000-000000000002',
  live: '019a0000-0000-7000-8000-000000000001',
  decision: '019a0000-0000-7000-8000-000000000005',
}

/** What the examples of a gate are about. */
export const gateExample = {
  ids,
  newer: { id: ids.build, version: '5.15.12', release: '1.3' },
  older: { id: ids.live, version: '5.15.12', release: '1.1' },
  at: '2026-01-15T09:30:00.000Z',
} as const
