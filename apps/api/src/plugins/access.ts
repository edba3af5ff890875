import { type TokenScope, tokenScopes } from '@basedrift/contract'
import type { TokenRow } from '@basedrift/ledger'
import type { FastifyRequest } from 'fastify'
import { anonymous, Principal } from '../access/principal.js'
import { ProblemError } from '../problem.js'
import { addProblems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { isRead } from './guards.js'
import { tokenRate } from './pressure.js'

/** What a call needs: a token with a scope, or with one of several, or nothing. */
export type AccessScope = TokenScope | readonly [TokenScope, TokenScope] | 'open'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the call needs. Each route names it, else the application does not start. */
    scope?: AccessScope
  }
  interface FastifyRequest {
    /** Who sends it. */
    principal: Principal
    /**
     * The token that it carries, whether that may do anything or not; null where it has none of ours. For requests that were refused
     * before anybody looked.
     */
    identify(): Promise<Pick<TokenRow, 'id' | 'name'> | null>
    /**
     * For streams that a handler learned from the ledger: those that the request names itself were looked at before.
     * @throws ProblemError `token-forbidden` where the principal may not touch the stream
     */
    permit(stream: string): void
  }
}

/** Pages of the documentation: routes of a plugin, which name no scope. */
const pages = /^\/docs(\/|$)/

/** Who sends what needs no token. */
const nobody = anonymous([])

/** Who reads where the operator lets everybody read. */
const reader = anonymous(['read'])

/** The stream that a request names in its address. */
function streamOf({ params, query }: { params: unknown; query: unknown }): string | undefined {
  const named = (params as { stream?: unknown }).stream ?? (query as { stream?: unknown }).stream
  return typeof named === 'string' ? named : undefined
}

const scopesOf = (scope: AccessScope): readonly TokenScope[] =>
  scope === 'open' ? [] : typeof scope === 'string' ? [scope] : scope

/** What a request carries as its token; null where it has none, undefined where it cannot be one. */
function bearerOf({ headers: { authorization } }: FastifyRequest): string | null | undefined {
  return authorization === undefined ? null : /^bearer +(\S{1,200})$/i.exec(authorization)?.[1]
}

/** The token of a request; null where it has none. @throws ProblemError `token-invalid` where it cannot be one */
function textOf(request: FastifyRequest): string | null {
  const text = bearerOf(request)
  if (text === undefined) throw invalid()
  return text
}

function invalid(detail?: string): ProblemError {
  return new ProblemError('token-invalid', detail, {
    headers: { 'www-authenticate': 'Bearer realm="basedrift", error="invalid_token"' },
  })
}

/** Says of each request who sends it, and refuses what its token does not allow, before anything of its body is read. */
export function useAccess(app: App, { ledger, config }: Pick<AppDependencies, 'ledger' | 'config'>): void {
  const { openRead, limits } = config
  const countRequest = tokenRate(app, limits)

  /** Who sends a request that needs one of these scopes. */
  const principalOf = async (request: FastifyRequest, scopes: readonly TokenScope[]): Promise<Principal> => {
    const open = openRead && scopes.includes('read') && isRead(request.method)
    const text = textOf(request)
    if (text === null) {
      if (open) return reader
      throw new ProblemError('token-missing', undefined, {
        headers: { 'www-authenticate': 'Bearer realm="basedrift"' },
      })
    }
    const found = await ledger.tokens.find(text)
    if (found === null) throw invalid()
    if (found.state !== 'valid')
      throw invalid(`This token ${found.state === 'expired' ? 'has expired' : 'was revoked'}.`)
    const { id, name, streams } = found.token
    const of = open ? { scopes: tokenScopes, streams: ['*'] } : { scopes: found.token.scopes, streams }
    return new Principal({ id, name, ...of })
  }

  const principals = new WeakMap<FastifyRequest, Principal>()
  app.decorateRequest('principal', {
    getter() {
      return principals.get(this) ?? nobody
    },
    setter(principal) {
      principals.set(this, principal)
    },
  })
  app.decorateRequest('permit', {
    getter() {
      return (stream: string) => this.principal.permit(stream)
    },
  })
  app.decorateRequest('identify', async function identify(this: FastifyRequest) {
    const text = bearerOf(this)
    return text === undefined || text === null ? null : ((await ledger.tokens.find(text))?.token ?? null)
  })
  app.addHook('onRoute', (route) => {
    if (pages.test(route.url)) route.config = { ...route.config, scope: 'open' }
    const scope = route.config?.scope
    if (scope === undefined) throw new TypeError(`The route ${route.url} names no scope in its config`)
    const security = scopesOf(scope).map((one) => ({ token: [one] }))
    const schema = { ...route.schema, security }
    route.schema =
      scope === 'open' ? schema : addProblems(schema, 'token-missing', 'token-invalid', 'token-forbidden')
  })
  app.addHook('onRequest', async (request) => {
    // Addresses that are none have no scope, and say so to everybody.
    const { scope = 'open' } = request.routeOptions.config
    if (scope === 'open') return
    const scopes = scopesOf(scope)
    request.principal = await principalOf(request, scopes)
    if (request.principal.id !== null) await countRequest(request)
    if (!scopes.some((one) => request.principal.has(one))) {
      throw new ProblemError('token-forbidden', `This token does not have the scope ${scopes.join(' or ')}.`)
    }
    const stream = streamOf(request)
    if (stream !== undefined) request.permit(stream)
  })
}
