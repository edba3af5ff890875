import { collectDefaultMetrics, Registry } from 'prom-client'

export type Metrics = Registry

/** A registry of its own with the metrics of this process: CPU, memory, event loop, file descriptors. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}
