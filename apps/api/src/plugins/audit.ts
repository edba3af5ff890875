import type { ErrorCode } from '@basedrift/contract'
import { redact } from '@basedrift/runtime'
import type { App, AppDependencies } from '../types.js'
import { isRead } from './guards.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Code of the error that it was refused with. */
    refusedWith: ErrorCode | null
  }
}

/** Address of a request without its query, and without a secret that somebody put there. */
const pathOf = (url: string) => redact(url.split('?', 1)[0] ?? '')

/**
 * Records every write that a token asked for, refused ones too, before it is answered: who, what and what became of it, and
 * nothing of what it carried. Refusals for their number are left out: they would fill the log that they are kept from filling.
 */
export function useAudit(app: App, { ledger }: Pick<AppDependencies, 'ledger'>): void {
  app.decorateRequest('refusedWith', null)
  app.addHook('onSend', async (request, reply, payload) => {
    const { id, name } = request.principal
    if (isRead(request.method) || id === null || reply.statusCode === 429) return payload
    const made = reply.statusCode === 201 ? reply.getHeader('location') : undefined
    const { schema } = request.routeOptions
    const entry = {
      tokenId: id,
      by: name,
      operation: (schema as { operationId?: string } | undefined)?.operationId ?? request.method,
      target: typeof made === 'string' ? made : pathOf(request.url),
      status: reply.statusCode,
      code: request.refusedWith,
      requestId: request.id,
    }
    try {
      await ledger.audit.record(entry)
    } catch (err) {
      // What was done is done: at least the log of the service has it.
      request.log.error({ err, entry }, 'a write could not be recorded in the audit log')
    }
    return payload
  })
}
