import { ref, Stream, StreamChange, StreamList, StreamName } from '@basedrift/contract'
import type { StreamRow } from '@basedrift/ledger'
import Type from 'typebox'
import { pageQuery, writeHeaders } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

const streamView = ({ name, versionScheme, createdAt }: StreamRow): Stream => ({
  name,
  versionScheme,
  createdAt,
})

/** Streams, by name, and how their versions are ordered. */
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
      const globs = request.principal.streams ?? undefined
      const { items, next } = await ledger.streams.list({ globs, cursor, limit })
      return { items: items.map(streamView), next }
    },
  )

  app.put(
    '/v1/streams/:stream',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'changeStream',
        tags: ['builds'],
        summary: 'Say how the versions of a stream are ordered',
        description: 'Its builds, and the drifts between them, are ordered anew.',
        params: Type.Object({ stream: StreamName }),
        headers: Type.Object(writeHeaders),
        body: ref(StreamChange),
        response: {
          200: ref(Stream),
          ...problems(
            'body-malformed',
            'origin-refused',
            'stream-unknown',
            'body-too-large',
            'media-type-refused',
          ),
        },
      },
    },
    async (request) => {
      const stream = await ledger.streams.order(request.params.stream, request.body.versionScheme)
      if (stream === null)
        throw new ProblemError('stream-unknown', `There is no stream ${request.params.stream}.`)
      return streamView(stream)
    },
  )
}
