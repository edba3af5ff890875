import { ref, StreamList } from '@basedrift/contract'
import Type from 'typebox'
import { pageQuery } from '../params.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

/** Streams, by name. */
export function streamRoutes(app: App, { ledger }: AppDependencies): void {
  app.get(
    '/v1/streams',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listStreams',
        tags: ['builds'],
        summary: 'Streams, by name',
        querystring: Type.Object(pageQuery, { additionalProperties: false }),
        response: { 200: ref(StreamList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { cursor, limit = 100 } = request.query
      const { items, next } = await ledger.streams.list({ cursor, limit })
      return { items: items.map(({ name, createdAt }) => ({ name, createdAt })), next }
    },
  )
}
