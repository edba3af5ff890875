import { gateEngine } from '@basedrift/check'
import {
  Author,
  BreakGlass,
  Decision,
  DecisionList,
  EnvironmentName,
  GateUse,
  GateUseList,
  GateWait,
  gateLimits,
  ref,
  Uuid,
} from '@basedrift/contract'
import { type DecisionRow, type GateQuestion, uuidOf } from '@basedrift/ledger'
import Type from 'typebox'
import { pageQuery, writeHeaders } from '../params.js'
import { Patience } from '../patience.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

const DecisionPath = Type.Object({ id: Uuid })

/** Milliseconds of `wait`: seconds, or with `s` or `m`, ten minutes at most. */
function waitMs(text: string | undefined): number {
  if (text === undefined) return 0
  const seconds = Number.parseInt(text, 10) * (text.endsWith('m') ? 60 : 1)
  return Math.min(seconds, gateLimits.waitSeconds) * 1000
}

/** Whether a build may be published, what was decided before, and what was done against it. */
export function gateRoutes(app: App, { ledger, config, news, log }: AppDependencies): void {
  const { gateWaits, gatePollMs } = config.limits
  const patience = new Patience({ everyMs: gatePollMs, news })
  app.addHook('preClose', async () => patience.close())

  const engine = gateEngine((setId) => ledger.moduleSets.manifest(setId))

  /** Waits for another answer than `unknown`; what is `unknown` in the end is recorded then, not at every look. Null once nobody waits. */
  const askAndWait = async (
    question: GateQuestion,
    ms: number,
    gone: AbortSignal,
  ): Promise<DecisionRow | null> => {
    if (ms === 0) return ledger.gate.ask(question, engine)
    if (patience.size >= gateWaits) throw new ProblemError('connections-exhausted')
    const known = await patience.until(() => ledger.gate.askUntilKnown(question, engine), ms, gone)
    // Nobody gets the answer: nothing is recorded.
    if (known === null && gone.aborted) return null
    return known ?? ledger.gate.ask(question, engine)
  }

  app.get(
    '/v1/gate',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'gate',
        tags: ['gate'],
        summary: 'May this build be published, given what is live?',
        description:
          '`pass`, `fail`, or `unknown`, which is not a pass and says what evidence is missing. The decision is recorded with all that ' +
          'it was made of, once for the same inputs. An error of the service is an HTTP error and no answer.',
        querystring: Type.Object(
          {
            build: Uuid,
            environment: EnvironmentName,
            wait: Type.Optional(GateWait),
            dryRun: Type.Optional(
              Type.Boolean({
                default: false,
                description: 'Nothing follows from the answer: it is recorded that it was only asked',
              }),
            ),
            onBehalfOf: Type.Optional(Author),
          },
          { additionalProperties: false },
        ),
        response: { 200: ref(Decision), ...problems('build-unknown', 'connections-exhausted') },
      },
    },
    async (request, reply) => {
      const { build, environment, wait, dryRun = false, onBehalfOf = null } = request.query
      const found = await ledger.builds.get(build)
      if (found === null) throw new ProblemError('build-unknown')
      request.permit(found.stream)
      const question = { buildId: build, environment }
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const { socket } = request.raw
      const idleMs = socket.timeout ?? 0
      // Nothing is sent while it waits, which is no reason to close the connection.
      socket.setTimeout(0)
      let decision: DecisionRow | null
      try {
        decision = await askAndWait(question, waitMs(wait), gone.signal)
      } finally {
        socket.setTimeout(idleMs)
      }
      if (decision === null) return reply.hijack()
      reply.header('cache-control', 'no-store')
      if (!dryRun) return decision
      const by = request.principal.name
      const use = { kind: 'dry-run' as const, build, environment, reason: null, by, onBehalfOf }
      await ledger.gate.recordUse({ ...use, decision: decision.id })
      return ledger.gate.decision(decision.id)
    },
  )

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
      const { items, next } = await ledger.gate.decisions({ build, environment, cursor, limit })
      return { items: items.filter(({ stream }) => request.principal.sees(stream)), next }
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
        response: { 200: ref(Decision), ...problems('decision-unknown') },
      },
    },
    async (request) => {
      const decision = await ledger.gate.decision(request.params.id)
      request.permit(decision.stream)
      return decision
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
        response: {
          200: Type.Unsafe<{ [key: string]: unknown }>({ type: 'object', additionalProperties: true }),
          ...problems('decision-unknown'),
        },
      },
    },
    async (request) => {
      const { id } = request.params
      request.permit((await ledger.gate.decision(id)).stream)
      return ledger.gate.inputs(id)
    },
  )

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
            'decision-unknown',
            'body-too-large',
            'media-type-refused',
          ),
        },
      },
    },
    async (request, reply) => {
      const { environment, reason, decision = null, onBehalfOf = null } = request.body
      const build = uuidOf(request.body.build) ?? request.body.build
      if (decision !== null) {
        const about = await ledger.gate.decision(decision)
        request.permit(about.stream)
        if (about.build.id !== build || about.environment !== environment) {
          throw new ProblemError('request-invalid', 'That decision is about another build or environment.')
        }
      }
      // A build that nobody knows is recorded too: who publishes it may be ahead of the service.
      const found = await ledger.builds.get(build)
      if (found !== null) request.permit(found.stream)
      const by = request.principal.name
      const use = await ledger.gate.recordUse({
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
          { environment: Type.Optional(EnvironmentName), ...pageQuery },
          { additionalProperties: false },
        ),
        response: { 200: ref(GateUseList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { environment, cursor, limit = 100 } = request.query
      const { items, next } = await ledger.gate.uses({ environment, cursor, limit })
      const { principal } = request
      if (principal.streams === null) return { items, next }
      const streams = await ledger.builds.streamsOf(items.map(({ build }) => build))
      return { items: items.filter(({ build }) => principal.sees(streams.get(build) ?? '')), next }
    },
  )
}
