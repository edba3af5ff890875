import type { GateNotice, Notice } from '@basedrift/contract'
import { expect, it } from 'vitest'
import { isTold } from '../../src/notices/routing.js'

const route = { stream: 'example/*', kinds: ['gate' as const], minSeverity: 'critical' as const }
const gate = (severity: GateNotice['severity'], outcome: GateNotice['outcome']): GateNotice => ({
  kind: 'gate',
  severity,
  at: '2026-01-01T00:00:00.000Z',
  link: '/v1/gate',
  stream: 'example/x86_64/default',
  build: { id: '019a0000-0000-7000-8000-000000000001', version: '5.15.12', release: '1.3' },
  environment: 'production',
  before: null,
  outcome,
  reasons: [],
  reasonsTotal: 0,
})

it('tells whoever was told that a gate fails that it passes again', () => {
  expect(isTold([route], gate('critical', 'fail'))).toBe(true)
  expect(isTold([route], gate('info', 'pass'))).toBe(true)
})

it('leaves out what matters less, is of another kind or of another stream', () => {
  const fails = gate('critical', 'fail')
  const ending = { ...fails, kind: 'waiver-expiring', severity: 'warning' } as unknown as Notice
  expect(isTold([{ ...route, kinds: [] }], ending)).toBe(false)
  expect(isTold([{ ...route, kinds: [], minSeverity: 'warning' }], ending)).toBe(true)
  expect(isTold([route], { ...ending, severity: 'critical' } as Notice)).toBe(false)
  expect(isTold([route], { ...fails, stream: 'other/x86_64/default' })).toBe(false)
})
