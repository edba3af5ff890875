import { gateEngine } from '@basedrift/check'
import { Author, Decision, EnvironmentName, GateWait, gateLimits, ref, Uuid } from '@basedrift/contract'
import type { Answer, GateQuestion } from '@basedrift/ledger'
import Type from 'typebox'
import { Patience } from '../patience.js'
import { permittedBuild } from '../permitted.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import { Shares } from '../shares.js'
import type { App, AppDependencies } from '../types.js'

/** Milliseconds of `wait`: seconds, or with `s` or `m`, ten minutes at most. */
function waitMs(text: string | undefined): number {
  if (text === undefined) return 0
  const seconds = Number.parseInt(text, 10) * (text.endsWith('m') ? 60 : 1)
  return Math.min(seconds, gateLimits.waitSeconds) * 1000
}

/** Whether a build may be published. */
export function gateRoutes(app: App, { ledger, config, news }: AppDependencies): void {
  const { gateWaits, tokenGateWaits, gatePollMs } = config.limits
  const waits = new Shares()
  const patience = new Patience({ everyMs: gatePollMs, news })
  app.addHook('preClose', async () => patience.close())

  const engine = gateEngine((setId) => ledger.moduleSets.manifest(setId))

  /** Waits for another answer than `unknown`; what is `unknown` in the end is recorded then, not at every look. Null once nobody waits. */
  const askAndWait = async (
    question: GateQuestion,
    ms: number,
    token: string | null,
    gone: AbortSignal,
  ): Promise<Answer | null> => {
    if (ms === 0) return ledger.gate.ask(question, engine)
    if (waits.of(token) >= tokenGateWaits) throw new ProblemError('waits-limited')
    if (waits.size >= gateWaits) throw new ProblemError('connections-exhausted')
    return waits.during(token, async () => {
      const known = await patience.until(() => ledger.gate.askUntilKnown(question, engine), ms, gone)
      // Nobody gets the answer: nothing is recorded.
      if (known === null && gone.aborted) return null
      return known ?? ledger.gate.ask(question, engine)
    })
  }

  app.get(
    '/v1/gate',
    {
      config: { scope: ['read', 'ingest'] },
      schema: {
        operationId: 'gate',
        tags: ['gate'],
        summary: 'May this build be published, given what is live?',
        description:
          '`pass`, `fail`, or `unknown`, which is not a pass and says what evidence is missing. The decision is recorded with all that ' +
          'it was made of, once for the same inputs. An error of the service is an HTTP error and no answer. A dry run needs a token, ' +
          'also where everybody may read.',
        querystring: Type.Object(
          {
            build: Type.Unsafe<string>({
              ...Uuid,
              description:
                'Id of the build, as `GET /v1/streams/{stream}/builds/{version-release}` gives it by its name',
            }),
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
        response: {
          200: ref(Decision),
          ...problems('build-unknown', 'connections-exhausted', 'waits-limited'),
        },
      },
    },
    async (request, reply) => {
      const { build, environment, wait, dryRun = false, onBehalfOf = null } = request.query
      const { id: token, name: by } = request.principal
      // It is recorded who asked: nothing opens that to everybody.
      if (dryRun && token === null) throw new ProblemError('token-missing', 'A dry run is recorded.')
      await permittedBuild(ledger, build, request.permit)
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const { socket } = request.raw
      const idleMs = socket.timeout ?? 0
      // Nothing is sent while it waits, which is no reason to close the connection.
      socket.setTimeout(0)
      let answer: Answer | null
      try {
        answer = await askAndWait({ buildId: build, environment }, waitMs(wait), token, gone.signal)
      } finally {
        socket.setTimeout(idleMs)
      }
      if (answer === null) return reply.hijack()
      const { decision, recorded } = answer
      // Any name is that of an environment: what is asked of one that nothing ever entered is not kept for ever.
      const kept = !decision.reasons.some(({ code }) => code === 'environment-unknown')
      if (recorded && kept) request.recorded = `/v1/decisions/${decision.id}`
      await ledger.gate.countAsk(decision.id)
      if (dryRun) {
        const what = { kind: 'dry-run' as const, build, environment, decision: decision.id, reason: null }
        const { recorded: first, use } = await ledger.gateUses.record({ ...what, by, onBehalfOf })
        if (first && kept) request.recorded = `/v1/gate/uses/${use.id}`
      }
      reply.header('cache-control', 'no-store')
      return decision
    },
  )
}
