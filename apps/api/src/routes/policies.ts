import { Policy, PolicySettings, ref, StreamName } from '@basedrift/contract'
import { LedgerError, type PolicyRow } from '@basedrift/ledger'
import Type from 'typebox'
import { writeHeaders } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

const StreamPath = Type.Object({ stream: StreamName })

const policyView = (stream: string, policy: PolicyRow): Policy => ({
  stream,
  ...policy,
  blocking: [...policy.blocking],
})

/** What the gates of a stream go by. */
export function policyRoutes(app: App, { ledger }: AppDependencies): void {
  app.get(
    '/v1/streams/:stream/policy',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getPolicy',
        tags: ['gate'],
        summary: 'What the gates of a stream go by, now or as it was',
        params: StreamPath,
        querystring: Type.Object(
          {
            version: Type.Optional(
              Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, description: 'One that was before' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: ref(Policy), ...problems('stream-unknown', 'policy-unknown') },
      },
    },
    async (request) => {
      const { stream } = request.params
      return policyView(stream, await ledger.policies.get(stream, request.query.version))
    },
  )

  app.put(
    '/v1/streams/:stream/policy',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'setPolicy',
        tags: ['gate'],
        summary: 'Set what the gates of a stream go by',
        description:
          'Replaces the whole policy: what is left out is as without any. Every change is a version that is kept; the same again ' +
          'makes none.',
        params: StreamPath,
        headers: Type.Object(writeHeaders),
        body: ref(PolicySettings),
        response: {
          200: ref(Policy),
          201: ref(Policy),
          ...problems(
            'body-malformed',
            'policy-invalid',
            'origin-refused',
            'stream-unknown',
            'body-too-large',
            'media-type-refused',
          ),
        },
      },
    },
    async (request, reply) => {
      const { stream } = request.params
      const change = { stream, settings: request.body, by: request.principal.name }
      const { outcome, policy } = await ledger.policies.set(change).catch((error: unknown) => {
        if (error instanceof LedgerError && error.code === 'policy-invalid')
          throw new ProblemError('policy-invalid', error.message)
        throw error
      })
      if (outcome === 'changed') request.log.info({ stream, version: policy.version }, 'a policy was changed')
      return reply.code(outcome === 'changed' ? 201 : 200).send(policyView(stream, policy))
    },
  )
}
