import { EnvironmentList, EnvironmentName, Live, LiveList, ref, StreamName, Uuid } from '@basedrift/contract'
import type { LiveRow } from '@basedrift/ledger'
import Type from 'typebox'
import { pageQuery, writeHeaders } from '../params.js'
import { permittedBuild } from '../permitted.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { buildRefView } from '../views/build.js'

const EnvironmentPath = Type.Object({ environment: EnvironmentName })
const LivePath = Type.Object({ environment: EnvironmentName, build: Uuid })

const liveView = (entry: LiveRow): Live => ({ ...entry, build: buildRefView(entry.build) })

/** What machines run: builds enter environments and leave them. */
export function liveRoutes(app: App, { ledger }: AppDependencies): void {
  app.get(
    '/v1/environments',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listEnvironments',
        tags: ['gate'],
        summary: 'Environments, by name',
        querystring: Type.Object(pageQuery, { additionalProperties: false }),
        response: { 200: ref(EnvironmentList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { cursor, limit = 100 } = request.query
      return ledger.lives.environments({ globs: request.principal.streams ?? undefined, cursor, limit })
    },
  )

  app.get(
    '/v1/environments/:environment/live',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listLive',
        tags: ['gate'],
        summary: 'What is live in an environment, and what was',
        params: EnvironmentPath,
        querystring: Type.Object(
          {
            stream: Type.Optional(StreamName),
            history: Type.Optional(
              Type.Boolean({ default: false, description: 'Those that have left it too' }),
            ),
            ...pageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref(LiveList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { environment } = request.params
      const { stream, history, cursor, limit = 100 } = request.query
      const globs = request.principal.streams ?? undefined
      const { items, next } = await ledger.lives.list({ environment, stream, history, globs, cursor, limit })
      return { items: items.map(liveView), next }
    },
  )

  app.put(
    '/v1/environments/:environment/live/:build',
    {
      config: { scope: 'ingest' },
      schema: {
        operationId: 'enterLive',
        tags: ['gate'],
        summary: 'Machines of the environment run this build, or have its modules',
        description: 'The same again answers 200. A publish hook calls it once a build is out.',
        params: LivePath,
        headers: Type.Object(writeHeaders),
        response: {
          200: ref(Live),
          201: ref(Live),
          ...problems('origin-refused', 'build-unknown', 'build-withdrawn', 'live-limit'),
        },
      },
    },
    async (request, reply) => {
      const { environment, build } = request.params
      await permittedBuild(ledger, build, request.permit)
      const by = request.principal.name
      const { outcome, entry } = await ledger.lives.enter({ environment, buildId: build, by })
      return reply.code(outcome === 'entered' ? 201 : 200).send(liveView(entry))
    },
  )

  app.delete(
    '/v1/environments/:environment/live/:build',
    {
      config: { scope: 'waive' },
      schema: {
        operationId: 'leaveLive',
        tags: ['gate'],
        summary: 'No machine of the environment runs this build any more',
        description:
          'The same again changes nothing. That it was live stays recorded. It takes evidence away from gates, so that it needs the scope ' +
          '`waive`.',
        params: LivePath,
        headers: Type.Object(writeHeaders),
        response: { 200: ref(Live), ...problems('origin-refused', 'build-unknown', 'live-unknown') },
      },
    },
    async (request) => {
      const { environment, build } = request.params
      await permittedBuild(ledger, build, request.permit)
      const by = request.principal.name
      return liveView((await ledger.lives.leave({ environment, buildId: build, by })).entry)
    },
  )
}
