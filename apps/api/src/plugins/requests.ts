import { Counter, Gauge, Histogram } from 'prom-client'
import type { App, AppDependencies } from '../types.js'

/** Gives every answer the id of its request, logs what it was, and measures it. Names of builds are not labels. */
export function useRequestRecords(app: App, { metrics }: Pick<AppDependencies, 'metrics'>): void {
  const registers = [metrics]
  const seconds = new Histogram({
    name: 'basedrift_http_request_seconds',
    help: 'Duration of HTTP requests by route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers,
  })
  const received = new Counter({
    name: 'basedrift_http_received_bytes_total',
    help: 'Bytes of request bodies by route, as announced',
    labelNames: ['route'],
    registers,
  })
  const active = new Gauge({
    name: 'basedrift_http_active_requests',
    help: 'HTTP requests under way',
    registers,
  })

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    active.inc()
    reply.raw.once('close', () => active.dec())
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    seconds.observe(
      { method: request.method, route, status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    )
    const length = Number(request.headers['content-length'] ?? 0)
    if (length > 0) received.inc({ route }, length)
    const fields = {
      method: request.method,
      url: request.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      by: request.principal.name,
    }
    if (request.method === 'GET' || request.method === 'HEAD') request.log.debug(fields, 'answered')
    else request.log.info(fields, 'answered')
  })
}
