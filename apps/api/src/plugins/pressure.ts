import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import type { FastifyRequest } from 'fastify'
import type { ApiLimits } from '../config.js'
import { ProblemError } from '../problem.js'
import type { App } from '../types.js'

/** Paths that must answer however busy the service is. */
const always = new Set(['/healthz', '/readyz', '/metrics'])

/** Refuses requests above a rate per address, and all but health and metrics while the event loop lags. */
export async function usePressureLimits(app: App, limits: ApiLimits): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    max: limits.requestsPerMinute,
    timeWindow: '1 minute',
    allowList: (request) => always.has(request.url),
    errorResponseBuilder: (_request, context) =>
      new ProblemError('rate-limited', undefined, {
        headers: { 'retry-after': String(Math.ceil(context.ttl / 1000)) },
      }),
  })
  // Before anything is looked up: whoever tries tokens is held up too.
  app.addHook('onRequest', app.rateLimit())
  await app.register(underPressure, {
    maxEventLoopDelay: limits.eventLoopDelayMs,
    pressureHandler: (request) => {
      if (!always.has(request.url)) throw new ProblemError('overloaded')
    },
  })
}

/** Counts a request for its token. @throws ProblemError `rate-limited` where the token has sent too many */
export function tokenRate(
  app: App,
  { tokenRequestsPerMinute }: ApiLimits,
): (request: FastifyRequest) => Promise<void> {
  const count = app.createRateLimit({
    max: tokenRequestsPerMinute,
    timeWindow: '1 minute',
    keyGenerator: ({ principal }) => principal.id ?? 'none',
  })
  return async (request) => {
    const used = await count(request)
    if (used.isAllowed || !used.isExceeded) return
    const headers = { 'retry-after': String(used.ttlInSeconds) }
    throw new ProblemError('rate-limited', 'This token has sent too many requests.', { headers })
  }
}
