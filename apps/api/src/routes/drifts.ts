import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import { type DriftReport, decodeRows, type ModuleResult, withBlast } from '@basedrift/check'
import { Drift, DriftList, ref, StreamName } from '@basedrift/contract'
import { comparisonKey, type DriftRow } from '@basedrift/ledger'
import Type from 'typebox'
import { conditionalHeaders, isUnchanged, notModified } from '../conditional.js'
import { DriftPath, pageQuery } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { driftSummaryView, reportView } from '../views/drift.js'

const decompress = promisify(brotliDecompress)

/** Largest report, as JSON: its lists are bounded, and so are the names in them. */
const reportBytes = 64 * 2 ** 20

/** The drifts of a stream, and one with its difference and blast radius. */
export function driftRoutes(app: App, { ledger, blobs }: AppDependencies): void {
  /** The rows of the modules of one build on the kernel of another, where they were compared. */
  const rowsOf = async (kernelBuild: string, moduleBuild: string): Promise<ModuleResult[] | null> => {
    const comparison = (await ledger.pairs.get(kernelBuild, moduleBuild))?.comparison
    if (comparison === null || comparison === undefined) return null
    return decodeRows(comparison.rows, await ledger.moduleSets.manifest(comparison.moduleSetId))
  }

  const reportOf = async ({ reportSha256, from, to }: DriftRow): Promise<DriftReport | null> => {
    if (reportSha256 === null) return null
    const parts: Uint8Array[] = []
    for await (const part of await blobs.read(reportSha256)) parts.push(part as Uint8Array)
    const text = await decompress(Buffer.concat(parts), { maxOutputLength: reportBytes })
    const [ofAOnB, ofBOnA] = [await rowsOf(to.id, from.id), await rowsOf(from.id, to.id)]
    return withBlast(JSON.parse(text.toString()) as DriftReport, { ofAOnB, ofBOnA })
  }

  app.get(
    '/v1/drifts',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listDrifts',
        tags: ['verdicts'],
        summary: 'Drifts between neighbouring kernel builds of a stream, the latest first',
        querystring: Type.Object({ stream: StreamName, ...pageQuery }, { additionalProperties: false }),
        response: { 200: ref(DriftList), ...problems('cursor-invalid', 'stream-unknown') },
      },
    },
    async (request) => {
      const { stream, cursor, limit = 100 } = request.query
      if ((await ledger.streams.find(stream)) === null)
        throw new ProblemError('stream-unknown', `There is no stream ${stream}.`)
      const { items, next } = await ledger.drifts.list({ stream, cursor, limit })
      return { items: items.map(driftSummaryView), next }
    },
  )

  app.get(
    '/v1/drifts/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'drift',
        tags: ['verdicts'],
        summary: 'One drift, with its difference and blast radius',
        params: DriftPath,
        headers: Type.Object(conditionalHeaders),
        response: { 200: ref(Drift), ...notModified, ...problems('drift-unknown') },
      },
    },
    async (request, reply) => {
      const drift = await ledger.drifts.get(request.params.id)
      if (drift === null) throw new ProblemError('drift-unknown')
      request.permit(drift.stream)
      const { from, to, reportSha256 } = drift
      const summary = driftSummaryView(drift)
      const pairs = [await ledger.pairs.get(to.id, from.id), await ledger.pairs.get(from.id, to.id)]
      const compared = pairs.map((pair) => (pair?.comparison ? comparisonKey(pair.comparison) : null))
      if (isUnchanged(request, reply, [summary, reportSha256, compared])) return reply.code(304).send(null)
      const report = await reportOf(drift)
      return { ...summary, report: report === null ? null : reportView(report) }
    },
  )
}
