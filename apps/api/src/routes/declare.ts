import { Build, Declaration, declarationBytes, ref, splitVersionRelease } from '@basedrift/contract'
import type { BuildRow, JsonObject } from '@basedrift/ledger'
import Type from 'typebox'
import { BuildPath, writeHeaders } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { buildView } from '../views/build.js'

/** A build by its name: declaring it, looking at it, and sealing it. */
export function declareRoutes(app: App, { ledger, ring }: AppDependencies): void {
  const view = async (build: BuildRow) =>
    buildView(build, await ledger.builds.progress(build.id), await ledger.builds.refusals(build.id))

  app.get(
    '/v1/streams/:stream/builds/:vr',
    {
      config: { scope: ['read', 'ingest'] },
      schema: {
        operationId: 'findBuild',
        tags: ['builds'],
        summary: 'A build by its name',
        description: 'One that was withdrawn has none any more: it is found by its id.',
        params: BuildPath,
        response: { 200: ref(Build), ...problems('build-unknown') },
      },
    },
    async (request) => {
      const { stream, vr } = request.params
      const { version, release } = splitVersionRelease(vr)
      const build = await ledger.builds.find(stream, version, release)
      if (build === null) throw new ProblemError('build-unknown', `There is no build ${vr} in ${stream}.`)
      return view(build)
    },
  )

  app.put(
    '/v1/streams/:stream/builds/:vr',
    {
      config: { scope: 'ingest' },
      bodyLimit: declarationBytes,
      // A declaration without a body is one without provenance.
      preValidation: async (request) => {
        request.body ??= {}
      },
      schema: {
        operationId: 'declareBuild',
        tags: ['ingest'],
        summary: 'Declare a build and where it comes from',
        description:
          'The same again answers 200, and so does one without provenance, or without `builtFor`: it contradicts nothing, and what is recorded stays. Other provenance under the same name is refused and recorded.',
        params: BuildPath,
        headers: Type.Object(writeHeaders),
        body: ref(Declaration),
        response: {
          200: ref(Build),
          201: ref(Build),
          ...problems(
            'body-malformed',
            'origin-refused',
            'build-differs',
            'body-too-large',
            'media-type-refused',
          ),
        },
      },
    },
    async (request, reply) => {
      const { stream, vr } = request.params
      const { provenance = {}, builtFor = null } = request.body
      const { outcome, build } = await ledger.builds.declare({
        stream,
        ...splitVersionRelease(vr),
        provenance: provenance as JsonObject,
        builtFor,
        by: request.principal.name,
      })
      if (outcome === 'differs') {
        request.log.warn({ build: build.id, stream, vr }, 'a build was declared again with other content')
        throw new ProblemError('build-differs', `${stream} ${vr} was declared with other provenance.`)
      }
      return reply.code(outcome === 'created' ? 201 : 200).send(await view(build))
    },
  )

  app.post(
    '/v1/streams/:stream/builds/:vr/seal',
    {
      config: { scope: 'ingest' },
      schema: {
        operationId: 'sealBuild',
        tags: ['ingest'],
        summary: 'Nothing more will come: ingest and compare',
        description: 'Sealing a sealed build changes nothing.',
        params: BuildPath,
        headers: Type.Object(writeHeaders),
        response: {
          202: Type.Unsafe<Build>({ ...ref(Build) }),
          ...problems('origin-refused', 'build-unknown', 'build-empty', 'build-withdrawn'),
        },
      },
    },
    async (request, reply) => {
      const { stream, vr } = request.params
      const { version, release } = splitVersionRelease(vr)
      const found = await ledger.builds.find(stream, version, release)
      if (found === null) throw new ProblemError('build-unknown', `${stream} ${vr} was not declared.`)
      if (found.artifacts.length === 0) throw new ProblemError('build-empty')
      const build = await ledger.builds.seal(found.id)
      ring?.()
      return reply
        .code(202)
        .header('location', `/v1/builds/${build.id}`)
        .send(await view(build))
    },
  )
}
