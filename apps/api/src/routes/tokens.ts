import { NewToken, ref, Token, TokenList, TokenRequest, Uuid } from '@basedrift/contract'
import Type from 'typebox'
import { pageQuery, writeHeaders } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'

const TokenPath = Type.Object({ id: Uuid })

/** RFC 3339, which `Date` reads among other forms. */
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/** A request that fits its schema and cannot be meant. */
function unfit(path: string, message: string): ProblemError {
  return new ProblemError('request-invalid', undefined, { errors: [{ path, message }] })
}

/** When a token expires. @throws ProblemError `request-invalid` where that is no time in the future */
function expiryOf(text: string | null | undefined): Date | null {
  if (text === undefined || text === null) return null
  const at = instant.test(text) ? new Date(text) : null
  // Later ones cannot be written down as they are shown.
  if (at === null || !(at.getTime() > Date.now()) || at.getUTCFullYear() > 9999) {
    throw unfit('body/expiresAt', 'must be a time in the future, such as 2030-01-01T00:00:00Z')
  }
  return at
}

/** Access tokens: made, listed and revoked. */
export function tokenRoutes(app: App, { ledger }: AppDependencies): void {
  app.post(
    '/v1/tokens',
    {
      config: { scope: 'admin', keepsAnswer: false },
      schema: {
        operationId: 'createToken',
        tags: ['operation'],
        summary: 'Make an access token; it is shown this once',
        headers: Type.Object(writeHeaders),
        body: ref(TokenRequest),
        response: {
          201: ref(NewToken),
          ...problems(
            'body-malformed',
            'origin-refused',
            'token-name-taken',
            'body-too-large',
            'media-type-refused',
          ),
        },
      },
    },
    async (request, reply) => {
      const { name, scopes, streams = ['*'], expiresAt } = request.body
      if (scopes.includes('admin') && !streams.includes('*')) {
        throw unfit('body/streams', 'must be left out for the scope admin: it is for all streams')
      }
      const { token, text } = await ledger.tokens.create({
        name,
        scopes,
        streams,
        expiresAt: expiryOf(expiresAt),
        createdBy: request.principal.name,
      })
      return reply
        .code(201)
        .header('location', `/v1/tokens/${token.id}`)
        .header('cache-control', 'no-store')
        .send({ ...token, token: text })
    },
  )

  app.get(
    '/v1/tokens',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listTokens',
        tags: ['operation'],
        summary: 'Access tokens, newest first, revoked ones too',
        querystring: Type.Object(pageQuery, { additionalProperties: false }),
        response: { 200: ref(TokenList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { cursor, limit = 100 } = request.query
      return ledger.tokens.list({ cursor, limit })
    },
  )

  app.delete(
    '/v1/tokens/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'revokeToken',
        tags: ['operation'],
        summary: 'Revoke an access token, from the next request on',
        description: 'Revoking a revoked one changes nothing.',
        params: TokenPath,
        headers: Type.Object(writeHeaders),
        response: { 200: ref(Token), ...problems('origin-refused', 'token-unknown') },
      },
    },
    async (request) => {
      const token = await ledger.tokens.revoke(request.params.id)
      if (token === null) throw new ProblemError('token-unknown')
      return token
    },
  )
}
