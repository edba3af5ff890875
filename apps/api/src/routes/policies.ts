import { Policy, PolicySettings, ref, StreamName } from '@basedrift/contract'
import type { PolicyRow } from '@basedrift/ledger'
import Type from 'typebox'
import { writeHeaders } from '../params.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

const StreamPath = Type.Object({ stream: StreamName })

const policyView = (stream: string, policy: PolicyRow): Policy => ({
  stream,
  ...policy,
  blocking: [...policy.blocking],
})

const tagOf = ({ version }: PolicyRow) => `"${version}"`

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
    async (request, reply) => {
      const { stream } = request.params
      const policy = await ledger.policies.get(stream, request.query.version)
      reply.header('etag', tagOf(policy))
      return policyView(stream, policy)
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
          'makes none. With `If-Match` it is refused where somebody else has changed it meanwhile.',
        params: StreamPath,
        headers: Type.Object({
          ...writeHeaders,
          'if-match': Type.Optional(
            Type.String({
              pattern: '^"[0-9]{1,9}"$',
              description: 'ETag of the policy that the change is of',
              examples: ['"3"'],
            }),
          ),
        }),
        body: ref(PolicySettings),
        response: {
          200: ref(Policy),
          201: ref(Policy),
          ...problems(
            'body-malformed',
            'policy-invalid',
            'policy-changed',
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
      const tag = request.headers['if-match']
      const seen = tag === undefined ? undefined : Number(tag.slice(1, -1))
      const change = { stream, settings: request.body, by: request.principal.name, seen }
      const { outcome, policy } = await ledger.policies.set(change)
      if (outcome === 'changed') request.log.info({ stream, version: policy.version }, 'a policy was changed')
      reply.header('etag', tagOf(policy))
      return reply.code(outcome === 'changed' ? 201 : 200).send(policyView(stream, policy))
    },
  )
}
