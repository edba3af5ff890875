import { AuditList, ref, TokenName } from '@basedrift/contract'
import Type from 'typebox'
import { pageQuery } from '../params.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

/** The audit log. */
export function auditRoutes(app: App, { ledger }: AppDependencies): void {
  app.get(
    '/v1/audit',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listAudit',
        tags: ['operation'],
        summary: 'Every write that a token asked for, newest first',
        querystring: Type.Object(
          { by: Type.Optional({ ...TokenName, description: 'Name of the token' }), ...pageQuery },
          { additionalProperties: false },
        ),
        response: { 200: ref(AuditList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { by, cursor, limit = 100 } = request.query
      return ledger.audit.list({ by, cursor, limit })
    },
  )
}
