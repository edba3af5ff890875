import { AcknowledgementRequest, Build, ref } from '@basedrift/contract'
import Type from 'typebox'
import { BuildIdPath, writeHeaders } from '../params.js'
import { permittedBuild } from '../permitted.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { buildView } from '../views/build.js'

/** Other content that came under names of a build: somebody looks at it, and says so. */
export function refusalRoutes(app: App, { ledger }: AppDependencies): void {
  app.post(
    '/v1/builds/:id/refusals/acknowledgement',
    {
      config: { scope: 'waive' },
      schema: {
        operationId: 'acknowledgeRefusals',
        tags: ['gate'],
        summary:
          'Say of content that was refused under names of a build that somebody looked at it, and why it holds nothing up',
        description:
          'Until then no gate passes by the build (`content-refused`). It is about the refusals that are named, all or none: the same content again ' +
          'changes nothing, other content is another refusal. The same again answers 200; what was said first stays.',
        params: BuildIdPath,
        headers: Type.Object(writeHeaders),
        body: ref(AcknowledgementRequest),
        response: {
          200: ref(Build),
          ...problems(
            'body-malformed',
            'origin-refused',
            'build-unknown',
            'refusal-unknown',
            'body-too-large',
            'media-type-refused',
          ),
        },
      },
    },
    async (request) => {
      const { id } = request.params
      const { refusals, reason } = request.body
      await permittedBuild(ledger, id, request.permit)
      const build = await ledger.builds.acknowledge(id, { refusals, reason, by: request.principal.name })
      request.log.info({ build: id, refusals }, 'refused content was acknowledged')
      return buildView(build, await ledger.builds.progress(id), await ledger.builds.refusals(id))
    },
  )
}
