import { type TokenScope, tokenScopes } from '@basedrift/contract'
import { anonymous, type Principal } from '../access/principal.js'
import { addProblems } from '../responses.js'
import type { App } from '../types.js'

/** What a call needs: a token with a scope, or nothing. */
export type AccessScope = TokenScope | 'open'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the call needs. Each route names it, else the application does not start. */
    scope?: AccessScope
  }
  interface FastifyRequest {
    /** Who sends it. */
    principal: Principal
    /**
     * For streams that a handler learned from the ledger: those that the request names itself were looked at before.
     * @throws ProblemError `token-forbidden` where the principal may not touch the stream
     */
    permit(stream: string): void
  }
}

/** Pages of the documentation: routes of a plugin, which name no scope. */
const pages = /^\/docs(\/|$)/

/** The stream that a request names in its address. */
function streamOf({ params, query }: { params: unknown; query: unknown }): string | undefined {
  const named = (params as { stream?: unknown }).stream ?? (query as { stream?: unknown }).stream
  return typeof named === 'string' ? named : undefined
}

/** Says of each request who sends it, and refuses what its token does not allow. */
export function useAccess(app: App): void {
  const everyone = anonymous(tokenScopes)
  app.decorateRequest('principal')
  app.decorateRequest('permit')
  app.addHook('onRoute', (route) => {
    if (pages.test(route.url)) route.config = { ...route.config, scope: 'open' }
    const scope = route.config?.scope
    if (scope === undefined) throw new TypeError(`The route ${route.url} names no scope in its config`)
    if (scope === 'open') return
    const schema = { ...route.schema, security: [{ token: [scope] }] }
    route.schema = addProblems(schema, 'token-missing', 'token-invalid', 'token-forbidden')
  })
  app.addHook('onRequest', async (request) => {
    request.principal = everyone
    request.permit = (stream) => request.principal.permit(stream)
    const stream = streamOf(request)
    if (stream !== undefined) request.permit(stream)
  })
}
