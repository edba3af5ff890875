import { decodeRows, reachedBy, releaseNamed } from '@basedrift/check'
import {
  defaultFindings,
  Explanation,
  MaxFindings,
  ModuleName,
  oneOf,
  Pair,
  ref,
  verdicts,
} from '@basedrift/contract'
import {
  type BuildRow,
  type ComparisonRow,
  comparisonKey,
  type ModuleRow,
  type PairRow,
} from '@basedrift/ledger'
import Type from 'typebox'
import { conditionalHeaders, isUnchanged, notModified } from '../conditional.js'
import { Findings, type RecordedRow } from '../findings.js'
import { nameFilter } from '../name-filter.js'
import { pageOf, positionOf } from '../page.js'
import { PairModulePath, PairPath, pageQuery } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { buildRefView, failureView, kernelView, moduleView } from '../views/build.js'
import { worstCopy } from '../views/copies.js'
import { type Apart, type Explained, happened, remedy } from '../views/explain.js'
import { countsView, pairHead, resultView } from '../views/pair.js'

const PairQuery = Type.Object(
  {
    verdict: Type.Optional(
      Type.Array(oneOf(verdicts, 'Modules with this verdict'), {
        maxItems: verdicts.length,
        description: 'Modules with this verdict; repeat it for several',
      }),
    ),
    name: Type.Optional({
      ...ModuleName,
      description: 'Part of the name, or the whole name with `*` for any text',
    }),
    maxFindings: Type.Optional(MaxFindings),
    ...pageQuery,
  },
  { additionalProperties: false },
)

const ModuleQuery = Type.Object({ maxFindings: Type.Optional(MaxFindings) }, { additionalProperties: false })

const nameOf = ({ version, release }: { version: string; release: string }) => `${version}-${release}`

/** The build that an origin is of, as seen from the build of the modules. */
const originName = (origin: BuildRow, { stream }: BuildRow) =>
  origin.stream === stream ? nameOf(origin) : `${origin.stream} ${nameOf(origin)}`

/** What the verdicts of a pair follow from; null while there are none. */
const keyOf = ({ comparison }: PairRow) => (comparison === null ? null : comparisonKey(comparison))

/** Why a module was not built on the base that is the origin of its build's modules; null where it was, or none is. */
function apartOf(comparison: ComparisonRow, manifest: readonly ModuleRow[], module: ModuleRow): Apart | null {
  const { originSha256, originRelease } = comparison
  const isOwn = originSha256 === null || module.stamp?.sha256 === originSha256
  if (isOwn || reachedBy(comparison, manifest)(module)) return null
  return { release: originRelease, named: releaseNamed(module), inImage: module.inImage }
}

/** One module build on one kernel build, and one module of it. */
export function pairRoutes(app: App, { ledger, blobs, pool, log, config }: AppDependencies): void {
  const { findings: concurrency, findingsMs: timeoutMs } = config.limits
  const findings = new Findings({ ledger, blobs, pool, log, concurrency, timeoutMs })

  const pairOf = async (kernelBuild: string, moduleBuild: string): Promise<PairRow> => {
    const pair = await ledger.pairs.get(kernelBuild, moduleBuild)
    if (pair === null) throw new ProblemError('pair-unknown')
    return pair
  }

  const manifestOf = async (pair: PairRow): Promise<ModuleRow[]> =>
    pair.comparison === null ? [] : ledger.moduleSets.manifest(pair.comparison.moduleSetId)

  const rowsOf = (pair: PairRow, manifest: ModuleRow[]): RecordedRow[] =>
    pair.comparison === null
      ? []
      : decodeRows(pair.comparison.rows, manifest).map((result, ordinal) => ({ ordinal, result }))

  /** The build whose base the comparison took as the origin of the modules, else the one whose base they fit. */
  const originOf = async ({ moduleBuild, comparison }: PairRow): Promise<BuildRow | null> => {
    const found = moduleBuild.origin?.source === 'found' ? moduleBuild.origin.base.sha256 : null
    const sha256 = comparison?.originSha256 ?? found
    if (sha256 === null) return null
    if (moduleBuild.kernel?.base.sha256 === sha256) return moduleBuild
    return ledger.builds.withBase(sha256, moduleBuild)
  }

  app.get(
    '/v1/pairs/:kernelBuild/:moduleBuild',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'pair',
        tags: ['verdicts'],
        summary: 'The modules of one build on the kernel of another',
        params: PairPath,
        querystring: PairQuery,
        headers: Type.Object(conditionalHeaders),
        response: { 200: ref(Pair), ...notModified, ...problems('cursor-invalid', 'pair-unknown') },
      },
    },
    async (request, reply) => {
      const { kernelBuild, moduleBuild } = request.params
      const { verdict, name, cursor, limit = 100, maxFindings = defaultFindings } = request.query
      const position = positionOf(cursor)
      const pair = await pairOf(kernelBuild, moduleBuild)
      request.permit(pair.stream)
      const head = {
        ...pairHead(pair),
        counts: countsView(pair.comparison?.counts ?? {}),
        error: failureView(pair.error),
        kernel: pair.kernelBuild.kernel === null ? null : kernelView(pair.kernelBuild.kernel),
        updatedAt: pair.updatedAt,
      }
      if (isUnchanged(request, reply, [head, keyOf(pair), request.query])) return reply.code(304).send(null)
      const wanted = verdict === undefined ? null : new Set<string>(verdict)
      const named = name === undefined ? null : nameFilter(name)
      const manifest = await manifestOf(pair)
      const page = pageOf(
        rowsOf(pair, manifest),
        position,
        limit,
        ({ result }) => (wanted?.has(result.verdict) ?? true) && (named?.(result.name) ?? true),
      )
      const listed =
        pair.comparison === null
          ? { findings: 'listed' as const, rows: [] }
          : await findings.list(pair.comparison, manifest, page.rows, maxFindings)
      if (listed.findings === 'omitted') reply.removeHeader('etag')
      return {
        ...head,
        findings: listed.findings,
        rows: listed.rows.map(resultView),
        next: page.next,
      }
    },
  )

  app.get(
    '/v1/pairs/:kernelBuild/:moduleBuild/modules/:name',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'pairModule',
        tags: ['verdicts'],
        summary: 'All that is known of one module on one kernel',
        params: PairModulePath,
        querystring: ModuleQuery,
        headers: Type.Object(conditionalHeaders),
        response: {
          200: ref(Explanation),
          ...notModified,
          ...problems('pair-unknown', 'module-unknown', 'pair-pending', 'pair-failed'),
        },
      },
    },
    async (request, reply) => {
      const { kernelBuild, moduleBuild, name } = request.params
      const pair = await pairOf(kernelBuild, moduleBuild)
      request.permit(pair.stream)
      const { kernel: recorded } = pair.kernelBuild
      if (pair.state === 'failed') throw new ProblemError('pair-failed', pair.error?.message)
      if (pair.comparison === null || recorded === null) throw new ProblemError('pair-pending')
      const manifest = await manifestOf(pair)
      // A module is asked for by the kernel's name of it; files have it with either sign.
      const kernelName = name.replaceAll('-', '_')
      const copies = rowsOf(pair, manifest).filter(({ ordinal }) => manifest[ordinal]?.name === kernelName)
      const row = worstCopy(copies)
      const found = row && manifest[row.ordinal]
      if (found === undefined || row === undefined)
        throw new ProblemError('module-unknown', `The build has no module ${name}.`)
      const { maxFindings = defaultFindings } = request.query
      const apart = apartOf(pair.comparison, manifest, found)
      const known = apart === null ? await originOf(pair) : null
      // A build of a stream that is none of the caller's business is not named.
      const origin = known !== null && request.principal.sees(known.stream) ? known : null
      const facts = [pairHead(pair), keyOf(pair), kernelView(recorded), found, maxFindings]
      const named = origin === null ? null : [buildRefView(origin), origin.stream, pair.moduleBuild.origin]
      if (isUnchanged(request, reply, [facts, named])) return reply.code(304).send(null)
      const listed = await findings.list(pair.comparison, manifest, [row], maxFindings)
      if (listed.findings === 'omitted') reply.removeHeader('etag')
      const [result = row.result] = listed.rows
      const module = moduleView(found)
      const kernel = kernelView(recorded)
      const base = origin?.kernel?.base ?? null
      const source = base === null ? null : (pair.moduleBuild.origin?.source ?? null)
      const from = origin === null ? null : originName(origin, pair.moduleBuild)
      const isFound = source === 'found'
      const explained: Explained = {
        result: resultView(result),
        module,
        kernel,
        kernelBuild: nameOf(pair.kernelBuild),
        moduleBuild: nameOf(pair.moduleBuild),
        origin: isFound || from === null || base === null ? null : { base, build: from },
        fits: isFound ? from : null,
        apart,
        copies: copies.length,
      }
      return {
        ...pairHead(pair),
        findings: listed.findings,
        result: explained.result,
        module,
        kernel,
        origin: {
          build: origin === null ? null : buildRefView(origin),
          stream: origin?.stream ?? null,
          base,
          source,
          strings: module.btf?.originStrings ?? null,
        },
        happened: happened(explained),
        remedy: remedy(explained),
      }
    },
  )
}
