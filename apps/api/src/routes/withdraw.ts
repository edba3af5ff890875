import { Build, ref, WithdrawalRequest } from '@basedrift/contract'
import Type from 'typebox'
import { BuildIdPath, writeHeaders } from '../params.js'
import { permittedBuild } from '../permitted.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { buildView } from '../views/build.js'

/** Taking out a build that was pushed by mistake. */
export function withdrawRoutes(app: App, { ledger, ring }: AppDependencies): void {
  app.post(
    '/v1/builds/:id/withdrawal',
    {
      config: { scope: 'waive' },
      schema: {
        operationId: 'withdrawBuild',
        tags: ['builds'],
        summary: 'Withdraw a build that was pushed by mistake',
        description:
          'It takes part in nothing from now on: no matrix, no drift, no comparison, no gate. Its name is free for another build. What is recorded of it ' +
          'stays under its id, and nothing brings it back. The same again answers 200; what was said first stays. It takes evidence ' +
          'away from gates, so that it needs the scope `waive`.',
        params: BuildIdPath,
        headers: Type.Object(writeHeaders),
        body: ref(WithdrawalRequest),
        response: {
          200: ref(Build),
          ...problems(
            'body-malformed',
            'origin-refused',
            'build-unknown',
            'build-live',
            'body-too-large',
            'media-type-refused',
          ),
        },
      },
    },
    async (request) => {
      const { id } = request.params
      await permittedBuild(ledger, id, request.permit)
      const { reason } = request.body
      const build = await ledger.builds.withdraw(id, { reason, by: request.principal.name })
      ring?.()
      request.log.info({ build: id }, 'a build was withdrawn')
      return buildView(build, await ledger.builds.progress(id), await ledger.builds.refusals(id))
    },
  )
}
