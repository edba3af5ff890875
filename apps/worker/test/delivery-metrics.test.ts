import type { Ledger } from '@basedrift/ledger'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { createDeliveryMetrics } from '../src/notices/metrics.js'

it('say in each answer how things are then, the first one too, and nothing where that cannot be read', async () => {
  const stats = {
    counts: { pending: 2 },
    channels: { active: 5, disabled: 1 },
    oldestAt: '2026-01-01T00:00:00.000Z',
  }
  let reads = 0
  let isAway = false
  const ledger = {
    deliveries: {
      stats: async () => {
        reads++
        if (isAway) throw new Error('away')
        return stats
      },
    },
    notices: { untold: async () => 0 },
  } as unknown as Ledger
  const registry = new Registry()
  createDeliveryMetrics(registry, { ledger, now: () => Date.parse('2026-01-01T00:09:00.000Z') })
  const first = await registry.metrics()
  expect(first).toContain('basedrift_delivery_oldest_seconds 540\n')
  expect(first).toContain('basedrift_channels{state="active"} 5\n')
  expect(first).toContain('basedrift_deliveries{state="pending"} 2\n')
  expect(reads).toBe(1)
  isAway = true
  const second = await registry.metrics()
  expect(second).toContain('basedrift_delivery_oldest_seconds Nan\n')
  expect(second).not.toContain('state="active"')
  expect(second).not.toContain('state="pending"')
})
