import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import type { ApiLimits } from '../config.js'
import { ProblemError } from '../problem.js'
import type { App } from '../types.js'

/** Paths that must answer however busy the service is. */
const always = new Set(['/healthz', '/readyz', '/metrics'])

/** Refuses requests above a rate per address, and all but health and metrics while the event loop lags. */
export async function usePressureLimits(app: App, limits: ApiLimits): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    max: limits.requestsPerMinute,
    timeWindow: '1 minute',
    allowList: (request) => always.has(request.url),
    errorResponseBuilder: (_request, context) =>
      new ProblemError('rate-limited', undefined, {
        headers: { 'retry-after': String(Math.ceil(context.ttl / 1000)) },
      }),
  })
  await app.register(underPressure, {
    maxEventLoopDelay: limits.eventLoopDelayMs,
    pressureHandler: (request) => {
      if (!always.has(request.url)) throw new ProblemError('overloaded')
    },
  })
}
