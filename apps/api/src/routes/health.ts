import Type from 'typebox'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

/** Longest time that a part may take to answer, in milliseconds. */
const patienceMs = 2_000

const Health = Type.Object({ status: Type.String() })

/** Whether the service runs, whether it can work, and its metrics. What it depends on is not told. */
export function healthRoutes(app: App, { ledger, blobs, metrics, config }: AppDependencies): void {
  app.get(
    '/healthz',
    {
      config: { scope: 'open' },
      schema: {
        operationId: 'health',
        tags: ['operation'],
        summary: 'Does the service run?',
        response: { 200: Health, ...problems() },
      },
    },
    async () => ({ status: 'ok' }),
  )

  app.get(
    '/readyz',
    {
      config: { scope: 'open' },
      schema: {
        operationId: 'ready',
        tags: ['operation'],
        summary: 'Can the service work?',
        response: { 200: Health, ...problems('not-ready') },
      },
    },
    async () => {
      try {
        await ledger.ping(patienceMs)
        await blobs.has('0'.repeat(64))
      } catch (cause) {
        throw new ProblemError('not-ready', undefined, { cause })
      }
      return { status: 'ready' }
    },
  )

  app.get(
    '/metrics',
    {
      config: { scope: config.openMetrics ? 'open' : 'read' },
      schema: {
        operationId: 'metrics',
        tags: ['operation'],
        summary: 'Metrics in the text format of Prometheus',
        response: {
          200: { description: 'Metrics', content: { 'text/plain': { schema: Type.String() } } },
          ...problems(),
        },
      },
    },
    async (_request, reply) => {
      const text = await metrics.metrics()
      return reply.header('content-type', metrics.contentType).send(text)
    },
  )
}
