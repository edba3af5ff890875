import { Sha256 } from '@basedrift/contract'
import Type from 'typebox'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

/** Whether an artifact is known already. */
export function blobRoutes(app: App, { ledger, blobs }: AppDependencies): void {
  app.head(
    '/v1/blobs/:sha256',
    {
      config: { scope: 'ingest', swagger: { exposeHeadRoute: true } },
      schema: {
        operationId: 'headBlob',
        tags: ['ingest'],
        summary: 'Is this artifact known already?',
        description:
          '200 with its size as Content-Length where it is, else 404. A hook may then send an empty body with Repr-Digest.',
        params: Type.Object({ sha256: Sha256 }),
        response: {
          200: { description: 'It is known', type: 'null' },
          ...problems(),
          404: { description: 'It is not known', type: 'null' },
        },
      },
    },
    async (request, reply) => {
      const { sha256 } = request.params
      const { streams } = request.principal
      // What other streams have is not told.
      const seen = streams === null || (await ledger.artifacts.has(sha256, streams))
      const size = seen ? await blobs.size(sha256) : null
      if (size === null) return reply.code(404).send(null)
      return reply
        .header('content-length', size)
        .header('content-type', 'application/octet-stream')
        .send(null)
    },
  )
}
