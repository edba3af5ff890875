import { PassThrough } from 'node:stream'
import { type BuildEvent, isFinal } from '@basedrift/contract'
import Type from 'typebox'
import { BuildFeed } from '../feed.js'
import { BuildIdPath } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

/** One server-sent event. JSON has no line ends, so it is one line of data. */
function eventOf(event: BuildEvent): string {
  return `event: build\ndata: ${JSON.stringify(event)}\n\n`
}

/** The progress of a build as server-sent events. */
export function eventRoutes(app: App, { ledger, config, news }: AppDependencies): void {
  const { eventStreams, eventPollMs, eventBeatMs } = config.limits
  const feed = new BuildFeed(ledger, eventPollMs)
  let opening = 0
  const ignore = news?.(() => feed.hurry())
  app.addHook('preClose', async () => {
    ignore?.()
    feed.close()
  })

  app.get(
    '/v1/builds/:id/events',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'buildEvents',
        tags: ['builds'],
        summary: 'Progress of a build, as server-sent events',
        description:
          'An event `build` with a BuildEvent at once and at every change; the stream ends with `done` or `failed`.',
        params: BuildIdPath,
        response: {
          200: {
            description: 'Events until the build is done or failed',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
          ...problems('build-unknown', 'connections-exhausted'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      // Counted before the first look at the build, so that those that come together are bounded too.
      if (feed.size + opening >= eventStreams) throw new ProblemError('connections-exhausted')
      opening++
      let first: BuildEvent | null
      try {
        const build = await ledger.builds.get(id)
        if (build !== null) request.permit(build.stream)
        first = await feed.look(id)
      } finally {
        opening--
      }
      if (first === null) throw new ProblemError('build-unknown')
      const stream = new PassThrough()
      stream.write(eventOf(first))
      if (isFinal(first.state)) stream.end()
      else {
        const unwatch = feed.watch(id, (event) =>
          event === null ? stream.end() : stream.write(eventOf(event)),
        )
        const beat = setInterval(() => stream.write(': alive\n\n'), eventBeatMs).unref()
        const end = () => {
          clearInterval(beat)
          unwatch()
        }
        stream.once('finish', end)
        stream.once('close', end)
      }
      return reply
        .header('content-type', 'text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(stream as never)
    },
  )
}
