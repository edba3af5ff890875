import {
  BreakGlass,
  EnvironmentName,
  GateUse,
  GateUseList,
  ref,
  splitVersionRelease,
  Uuid,
} from '@basedrift/contract'
import { uuidOf } from '@basedrift/ledger'
import Type from 'typebox'
import { pageQuery, writeHeaders } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

/** What was done against gates, and who only asked. */
export function gateUseRoutes(app: App, { ledger, log }: Pick<AppDependencies, 'ledger' | 'log'>): void {
  /** By its id, or by stream, version and release. */
  const buildNamed = async (name: string) => {
    const id = uuidOf(name)
    if (id !== null) return ledger.builds.get(id)
    const [, stream = '', vr] = /^(.+) ([^ ]+-[^ -]+)$/.exec(name) ?? []
    if (vr === undefined) return null
    const { version, release } = splitVersionRelease(vr)
    return ledger.builds.find(stream, version, release)
  }

  app.post(
    '/v1/gate/break-glass',
    {
      config: { scope: 'ingest' },
      schema: {
        operationId: 'breakGlass',
        tags: ['gate'],
        summary: 'Record that somebody publishes against the gate, or without it, and why',
        description:
          'It changes no decision and allows nothing: whoever publishes can do so anyhow. It is recorded and logged.',
        headers: Type.Object(writeHeaders),
        body: ref(BreakGlass),
        response: {
          201: ref(GateUse),
          ...problems(
            'body-malformed',
            'origin-refused',
            'build-unknown',
            'decision-unknown',
            'body-too-large',
            'media-type-refused',
          ),
        },
      },
    },
    async (request, reply) => {
      const { environment, reason, decision = null, onBehalfOf = null } = request.body
      const found = await buildNamed(request.body.build)
      if (found === null)
        throw new ProblemError('build-unknown', 'Name it by its id, or as `STREAM VERSION-RELEASE`.')
      request.permit(found.stream)
      const { id: build } = found
      if (decision !== null) {
        const about = await ledger.gate.decision(decision)
        request.permit(about.stream)
        if (about.build.id !== build || about.environment !== environment) {
          throw new ProblemError('request-invalid', 'That decision is about another build or environment.')
        }
      }
      const by = request.principal.name
      const { use } = await ledger.gateUses.record({
        kind: 'break-glass',
        build,
        environment,
        decision,
        reason,
        by,
        onBehalfOf,
      })
      log.warn(
        { use: use.id, build, environment, decision, by, onBehalfOf },
        'somebody publishes against the gate',
      )
      return reply.code(201).send(use)
    },
  )

  app.get(
    '/v1/gate/uses',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listGateUses',
        tags: ['gate'],
        summary: 'Dry runs, and publications against the gate, the latest first',
        querystring: Type.Object(
          { environment: Type.Optional(EnvironmentName), decision: Type.Optional(Uuid), ...pageQuery },
          { additionalProperties: false },
        ),
        response: { 200: ref(GateUseList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { environment, decision, cursor, limit = 100 } = request.query
      const globs = request.principal.streams ?? undefined
      return ledger.gateUses.list({ environment, decision, globs, cursor, limit })
    },
  )
}
