import type { Ledger } from '@basedrift/ledger'
import { Counter, Gauge, type Registry } from 'prom-client'

/** Where attempts are counted. */
export interface DeliveryMetrics {
  attempted(kind: string, outcome: 'sent' | 'retry' | 'dead' | 'gone' | 'lost'): void
}

/** Registers the metrics of deliveries; call it once a registry. */
export function createDeliveryMetrics(
  registry: Registry,
  { ledger, now = Date.now }: { ledger: Pick<Ledger, 'deliveries' | 'notices'>; now?: () => number },
): DeliveryMetrics {
  const registers = [registry]
  const attempts = new Counter({
    name: 'basedrift_delivery_attempts_total',
    help: 'Attempts to send a message, by kind of channel and what came of them; lost: another worker had the channel by then',
    labelNames: ['kind', 'outcome'],
    registers,
  })
  // Gauges of one answer are collected at the same time, each for itself: they share one look at the database.
  const stats = shared(() => ledger.deliveries.stats().catch(() => null))
  new Gauge({
    name: 'basedrift_delivery_oldest_seconds',
    help: 'Age of the oldest message that waits for an active channel; 0 where none does',
    registers,
    async collect() {
      const found = await stats()
      if (found === null) return this.set(Number.NaN)
      const { oldestAt } = found
      this.set(oldestAt === null ? 0 : Math.max(0, now() - Date.parse(oldestAt)) / 1000)
    },
  })
  new Gauge({
    name: 'basedrift_channels',
    help: 'Channels by state; the service disables one when its receiver says that it is no more',
    labelNames: ['state'],
    registers,
    async collect() {
      const found = await stats()
      this.reset()
      for (const [state, count] of Object.entries(found?.channels ?? {})) this.set({ state }, count)
    },
  })
  new Gauge({
    name: 'basedrift_deliveries',
    help: 'Messages that are not sent, by state; dead ones were given up',
    labelNames: ['state'],
    registers,
    async collect() {
      const found = await stats()
      this.reset()
      for (const [state, count] of Object.entries(found?.counts ?? {})) this.set({ state }, count)
    },
  })
  new Gauge({
    name: 'basedrift_changes_untold',
    help: 'Changes whose announcement failed; each is tried again after an hour',
    registers,
    async collect() {
      this.set(await ledger.notices.untold().catch(() => Number.NaN))
    },
  })
  return { attempted: (kind, outcome) => attempts.inc({ kind, outcome }) }
}

/** Reads once for all who ask before the answer is there. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let going: Promise<T> | null = null
  return () => {
    going ??= read().finally(() => {
      going = null
    })
    return going
  }
}
