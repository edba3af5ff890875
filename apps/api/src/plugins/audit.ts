import type { ErrorCode } from '@basedrift/contract'
import { redact } from '@basedrift/runtime'
import type { FastifyRequest } from 'fastify'
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

/** Refusals for their number are left out: they would fill the log that they are kept from filling, and ask the database for it. */
const uncounted = new Set([429, 503])

/**
 * Records every write that a token asked for, refused ones too, before it is answered: who, what and what became of it, and
 * nothing of what it carried. So is what was refused before anybody looked at the token, or as that has ended, and a read that
 * had something recorded.
 */
export function useAudit(app: App, { ledger }: Pick<AppDependencies, 'ledger'>): void {
  app.decorateRequest('refusedWith', null)
  app.decorateRequest('recorded', null)

  const writerOf = async (request: FastifyRequest) => {
    const { id, name } = request.principal
    if (id !== null) return { id, name }
    if (request.recorded !== null) return { id: null, name }
    return request.identify()
  }

  app.addHook('onSend', async (request, reply, payload) => {
    if (isRead(request.method) ? request.recorded === null : uncounted.has(reply.statusCode)) return payload
    const made = reply.statusCode === 201 ? reply.getHeader('location') : undefined
    const { schema } = request.routeOptions
    const what = {
      operation: (schema as { operationId?: string } | undefined)?.operationId ?? request.method,
      target: request.recorded ?? (typeof made === 'string' ? made : pathOf(request.url)),
      status: reply.statusCode,
      code: request.refusedWith,
      requestId: request.id,
    }
    try {
      const writer = await writerOf(request)
      if (writer !== null) await ledger.audit.record({ tokenId: writer.id, by: writer.name, ...what })
    } catch (err) {
      // What was done is done: at least the log of the service has it.
      request.log.error({ err, ...what }, 'a write could not be recorded in the audit log')
    }
    return payload
  })
}
