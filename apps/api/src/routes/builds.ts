import type { Readable } from 'node:stream'
import {
  Build,
  BuildList,
  buildOrders,
  Filename,
  ModuleList,
  ModuleName,
  oneOf,
  ref,
  StreamName,
  Uuid,
} from '@basedrift/contract'
import Type from 'typebox'
import { conditionalHeaders, isUnchanged, notModified } from '../conditional.js'
import { BuildIdPath, pageQuery } from '../params.js'
import { permittedBuild } from '../permitted.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { buildSummaryView, buildView, moduleView } from '../views/build.js'

/** Builds, one build, and its modules. */
export function buildRoutes(app: App, { blobs, ledger }: AppDependencies): void {
  app.get(
    '/v1/builds',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listBuilds',
        tags: ['builds'],
        summary: 'Builds, newest first',
        description:
          'Those of one stream by version, as its package manager orders them, or with `order=declared` by when they were declared, ' +
          'as those of all streams are.',
        querystring: Type.Object(
          {
            stream: Type.Optional(StreamName),
            order: Type.Optional(oneOf(buildOrders, '`version` where a stream is named, else `declared`')),
            withdrawn: Type.Optional(
              Type.Boolean({ description: 'Only those that were withdrawn, or only those that were not' }),
            ),
            ...pageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref(BuildList), ...problems('cursor-invalid', 'stream-unknown') },
      },
    },
    async (request) => {
      const { stream, withdrawn, cursor, limit = 100 } = request.query
      const { order = stream === undefined ? 'declared' : 'version' } = request.query
      if (stream !== undefined && (await ledger.streams.find(stream)) === null) {
        throw new ProblemError('stream-unknown', `There is no stream ${stream}.`)
      }
      const globs = request.principal.streams ?? undefined
      if (order === 'version' && stream === undefined)
        throw new ProblemError('request-invalid', 'Versions are ordered within a stream: name one.')
      const { items, next } =
        order === 'version' && stream !== undefined
          ? await ledger.builds.listByVersion({ stream, withdrawn, cursor, limit })
          : await ledger.builds.list({ stream, withdrawn, globs, cursor, limit })
      return { items: items.map(buildSummaryView), next }
    },
  )

  app.get(
    '/v1/builds/:id',
    {
      config: { scope: ['read', 'ingest'] },
      schema: {
        operationId: 'getBuild',
        tags: ['builds'],
        summary: 'State, progress, fingerprints and failures of a build',
        params: BuildIdPath,
        headers: Type.Object(conditionalHeaders),
        response: { 200: ref(Build), ...notModified, ...problems('build-unknown') },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const build = await permittedBuild(ledger, id, request.permit)
      const view = buildView(build, await ledger.builds.progress(id), await ledger.builds.refusals(id))
      return isUnchanged(request, reply, view) ? reply.code(304).send(null) : view
    },
  )

  app.get(
    '/v1/builds/:id/modules',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listModules',
        tags: ['builds'],
        summary: 'Modules of a build, by file',
        params: BuildIdPath,
        querystring: Type.Object(
          { name: Type.Optional({ ...ModuleName, description: 'Part of the name' }), ...pageQuery },
          { additionalProperties: false },
        ),
        response: { 200: ref(ModuleList), ...problems('build-unknown', 'cursor-invalid') },
      },
    },
    async (request) => {
      const { name, cursor, limit = 100 } = request.query
      await permittedBuild(ledger, request.params.id, request.permit)
      const { items, next } = await ledger.builds.modules(request.params.id, { name, cursor, limit })
      return { items: items.map(moduleView), next }
    },
  )

  app.get(
    '/v1/builds/:id/artifacts/:filename',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getArtifact',
        tags: ['builds'],
        summary: 'An artifact of a build, as it came',
        params: Type.Object({ id: Uuid, filename: Filename }),
        response: {
          200: {
            description: 'The file',
            content: {
              'application/octet-stream': { schema: Type.Unsafe<Readable>({ description: 'The file' }) },
            },
          },
          ...problems('build-unknown', 'artifact-unknown'),
        },
      },
    },
    async (request, reply) => {
      const { id, filename } = request.params
      const build = await permittedBuild(ledger, id, request.permit)
      const artifact = build.artifacts.find((one) => one.filename === filename)
      if (artifact === undefined) throw new ProblemError('artifact-unknown')
      const content = await blobs.read(artifact.sha256)
      return reply
        .header('content-type', 'application/octet-stream')
        .header('content-length', artifact.size)
        .header('content-disposition', `attachment; filename="${filename}"`)
        .header('repr-digest', `sha-256=:${Buffer.from(artifact.sha256, 'hex').toString('base64')}:`)
        .send(content)
    },
  )
}
