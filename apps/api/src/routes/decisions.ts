import { Decision, DecisionList, EnvironmentName, ref, Uuid } from '@basedrift/contract'
import Type from 'typebox'
import { conditionalHeaders, isUnchanged, notModified } from '../conditional.js'
import { pageQuery } from '../params.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

const DecisionPath = Type.Object({ id: Uuid })

/** What gates have decided, and by what. */
export function decisionRoutes(app: App, { ledger }: Pick<AppDependencies, 'ledger'>): void {
  app.get(
    '/v1/decisions',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listDecisions',
        tags: ['gate'],
        summary: 'What gates have decided, the latest first',
        querystring: Type.Object(
          { build: Type.Optional(Uuid), environment: Type.Optional(EnvironmentName), ...pageQuery },
          { additionalProperties: false },
        ),
        response: { 200: ref(DecisionList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { build, environment, cursor, limit = 100 } = request.query
      const globs = request.principal.streams ?? undefined
      return ledger.gate.decisions({ build, environment, globs, cursor, limit })
    },
  )

  app.get(
    '/v1/decisions/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'decision',
        tags: ['gate'],
        summary: 'A decision as it was made',
        params: DecisionPath,
        headers: Type.Object(conditionalHeaders),
        response: { 200: ref(Decision), ...notModified, ...problems('decision-unknown') },
      },
    },
    async (request, reply) => {
      const decision = await ledger.gate.decision(request.params.id)
      request.permit(decision.stream)
      return isUnchanged(request, reply, decision) ? reply.code(304).send(null) : decision
    },
  )

  app.get(
    '/v1/decisions/:id/inputs',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'decisionInputs',
        tags: ['gate'],
        summary: 'All that a decision was made of',
        description:
          'Builds, policy, waivers by id and state, and pairs by the key of their comparison, which never changes: the SHA-256 of this, ' +
          'as JSON with sorted keys, is `inputs` of the decision.',
        params: DecisionPath,
        headers: Type.Object(conditionalHeaders),
        response: {
          200: Type.Unsafe<{ [key: string]: unknown }>({ type: 'object', additionalProperties: true }),
          ...notModified,
          ...problems('decision-unknown'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { stream, inputs } = await ledger.gate.decision(id)
      request.permit(stream)
      return isUnchanged(request, reply, inputs) ? reply.code(304).send(null) : ledger.gate.inputs(id)
    },
  )
}
