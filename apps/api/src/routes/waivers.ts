import {
  gateLimits,
  oneOf,
  ref,
  StreamName,
  Uuid,
  Waiver,
  WaiverList,
  WaiverRequest,
  waiverStates,
} from '@basedrift/contract'
import type { WaiverRow } from '@basedrift/ledger'
import Type from 'typebox'
import { pageQuery, writeHeaders } from '../params.js'
import { permittedBuild } from '../permitted.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

const WaiverPath = Type.Object({ id: Uuid })
const dayMs = 86_400_000

function waiverView({ moduleSetId, grounds: _grounds, ...waiver }: WaiverRow): Waiver {
  const { modules, verdicts } = waiver
  return {
    ...waiver,
    moduleSet: moduleSetId,
    verdicts: [...verdicts],
    modules: modules === null ? null : [...modules],
  }
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/

/** How an end is written, with one that a waiver may have now: an example that is over misleads. */
const exampleOf = (now: number): string =>
  new Date(now + 30 * dayMs).toISOString().replace(/T.*$/, 'T00:00:00Z')

/** The end of a waiver. Throws `waiver-invalid` where it is none, is over, or is too far off. */
function expiryOf(text: string, now: number): Date {
  const end = rfc3339.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(end))
    throw new ProblemError(
      'waiver-invalid',
      `expiresAt is no time: write it as ${exampleOf(now)}, within ${gateLimits.waiverDays} days.`,
    )
  if (end <= now)
    throw new ProblemError(
      'waiver-invalid',
      `expiresAt has passed: name a time within ${gateLimits.waiverDays} days.`,
    )
  if (end > now + gateLimits.waiverDays * dayMs)
    throw new ProblemError(
      'waiver-invalid',
      `expiresAt is too far off: name a time within ${gateLimits.waiverDays} days.`,
    )
  return new Date(end)
}

/** Recorded acceptances of verdicts. */
export function waiverRoutes(app: App, { ledger }: AppDependencies): void {
  app.post(
    '/v1/waivers',
    {
      config: { scope: 'waive' },
      schema: {
        operationId: 'waive',
        tags: ['gate'],
        summary: 'Accept named verdicts of modules of one build on the kernel of another, for a while',
        description:
          'It is bound to that kernel’s base, exports and rules, and to the modules and their origin as they are: other content is not covered. The same again ' +
          'answers 200.',
        headers: Type.Object(writeHeaders),
        body: ref(WaiverRequest),
        response: {
          200: ref(Waiver),
          201: ref(Waiver),
          ...problems(
            'body-malformed',
            'waiver-invalid',
            'origin-refused',
            'build-unknown',
            'pair-unknown',
            'module-unknown',
            'body-too-large',
            'media-type-refused',
          ),
        },
      },
    },
    async (request, reply) => {
      const { kernelBuild, moduleBuild, verdicts, modules, reason, expiresAt } = request.body
      const expiry = expiryOf(expiresAt, Date.now())
      for (const id of [kernelBuild, moduleBuild]) {
        await permittedBuild(ledger, id, request.permit)
      }
      const { outcome, waiver } = await ledger.waivers.add({
        kernelBuildId: kernelBuild,
        moduleBuildId: moduleBuild,
        verdicts,
        modules,
        reason,
        author: request.principal.name,
        expiresAt: expiry,
      })
      if (outcome === 'created') request.log.info({ waiver: waiver.id, verdicts }, 'verdicts were waived')
      return reply.code(outcome === 'created' ? 201 : 200).send(waiverView(waiver))
    },
  )

  app.get(
    '/v1/waivers',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listWaivers',
        tags: ['gate'],
        summary: 'Waivers, the latest first, with those that have ended',
        querystring: Type.Object(
          {
            stream: Type.Optional(StreamName),
            state: Type.Optional(oneOf(waiverStates, 'Those in this state')),
            ...pageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref(WaiverList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { stream, state, cursor, limit = 100 } = request.query
      const globs = request.principal.streams ?? undefined
      const { items, next } = await ledger.waivers.list({ stream, state, globs, cursor, limit })
      return { items: items.map(waiverView), next }
    },
  )

  app.get(
    '/v1/waivers/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getWaiver',
        tags: ['gate'],
        summary: 'One waiver',
        params: WaiverPath,
        response: { 200: ref(Waiver), ...problems('waiver-unknown') },
      },
    },
    async (request) => {
      const waiver = await ledger.waivers.get(request.params.id)
      request.permit(waiver.stream)
      return waiverView(waiver)
    },
  )

  app.delete(
    '/v1/waivers/:id',
    {
      config: { scope: 'waive' },
      schema: {
        operationId: 'withdrawWaiver',
        tags: ['gate'],
        summary: 'Withdraw a waiver: it counts for nothing from now on, and stays recorded',
        params: WaiverPath,
        headers: Type.Object(writeHeaders),
        response: { 200: ref(Waiver), ...problems('origin-refused', 'waiver-unknown') },
      },
    },
    async (request) => {
      const { id } = request.params
      request.permit((await ledger.waivers.get(id)).stream)
      const waiver = await ledger.waivers.withdraw(id, request.principal.name)
      request.log.info({ waiver: id }, 'a waiver was withdrawn')
      return waiverView(waiver)
    },
  )
}
