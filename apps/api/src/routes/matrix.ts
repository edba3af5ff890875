import { Matrix, ref, StreamName } from '@basedrift/contract'
import Type from 'typebox'
import { pageQuery } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { matrixView } from '../views/pair.js'

/** The matrix of a stream. */
export function matrixRoutes(app: App, { ledger }: AppDependencies): void {
  app.get(
    '/v1/matrix',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'matrix',
        tags: ['verdicts'],
        summary: 'Kernel builds × module builds of a stream, with counts per verdict',
        querystring: Type.Object({ stream: StreamName, ...pageQuery }, { additionalProperties: false }),
        response: { 200: ref(Matrix), ...problems('cursor-invalid', 'stream-unknown') },
      },
    },
    async (request) => {
      const { stream, cursor, limit = 100 } = request.query
      if ((await ledger.streams.find(stream)) === null)
        throw new ProblemError('stream-unknown', `There is no stream ${stream}.`)
      const { cells, next } = await ledger.pairs.matrix({ stream, cursor, limit })
      return matrixView(cells, next)
    },
  )
}
