import { createHash } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { type BuildEvent, isFinal } from '@basedrift/contract'
import Type from 'typebox'
import { BuildFeed } from '../feed.js'
import { BuildIdPath } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import { Shares } from '../shares.js'
import type { App, AppDependencies } from '../types.js'

/** The id of an event: what it says, so that whoever comes back is told only what is new. */
function idOf(event: BuildEvent): string {
  return createHash('sha256').update(JSON.stringify(event)).digest('base64url').slice(0, 16)
}

/** One server-sent event. JSON has no line ends, so it is one line of data. */
function eventOf(event: BuildEvent): string {
  return `id: ${idOf(event)}\nevent: build\ndata: ${JSON.stringify(event)}\n\n`
}

/** A comment: that there is somebody. */
const alive = ': alive\n\n'

/** The progress of a build as server-sent events. */
export function eventRoutes(app: App, { ledger, config, news }: AppDependencies): void {
  const { eventStreams, tokenEventStreams, eventPollMs, eventBeatMs } = config.limits
  const feed = new BuildFeed(ledger, eventPollMs)
  const streams = new Shares()
  const ignore = news?.(() => feed.hurry())
  app.addHook('preClose', async () => {
    ignore?.()
    feed.close()
  })

  app.get(
    '/v1/builds/:id/events',
    {
      config: { scope: ['read', 'ingest'] },
      schema: {
        operationId: 'buildEvents',
        tags: ['builds'],
        summary: 'Progress of a build, as server-sent events',
        description:
          'An event `build` with a BuildEvent at once and at every change; the stream ends with `done` or `failed`. ' +
          'Each event is the whole state, so that nothing is missed between two connections: with `Last-Event-ID` the ' +
          'first event is left out where it says the same, and 204 says that the end was heard.',
        params: BuildIdPath,
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({ maxLength: 64, description: 'Id of the last event that was heard' }),
          ),
        }),
        response: {
          200: {
            description: 'Events until the build is done or failed',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
          204: { description: 'The end of this build was heard', type: 'null' },
          ...problems('build-unknown', 'streams-limited', 'connections-exhausted'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      // Counted before the first look at the build, so that those that come together are bounded too.
      const { id: token } = request.principal
      if (streams.of(token) >= tokenEventStreams) throw new ProblemError('streams-limited')
      if (streams.size >= eventStreams) throw new ProblemError('connections-exhausted')
      const giveBack = streams.take(token)
      let first: BuildEvent | null
      try {
        const build = await ledger.builds.get(id)
        if (build !== null) request.permit(build.stream)
        first = await feed.look(id)
        if (first === null) throw new ProblemError('build-unknown')
      } catch (error) {
        giveBack()
        throw error
      }
      const heard = request.headers['last-event-id'] === idOf(first)
      if (heard && isFinal(first.state)) {
        giveBack()
        return reply.code(204).send(null as never)
      }
      const stream = new PassThrough()
      stream.once('close', giveBack)
      // Who has heard it is answered at once too: nothing else sends the head before there is something to say.
      stream.write(heard ? alive : eventOf(first))
      if (isFinal(first.state)) stream.end()
      else {
        let last = idOf(first)
        const unwatch = feed.watch(id, (event) => {
          if (event === null) stream.end()
          else if (idOf(event) !== last) {
            last = idOf(event)
            stream.write(eventOf(event))
          }
        })
        const beat = setInterval(() => stream.write(alive), eventBeatMs).unref()
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
