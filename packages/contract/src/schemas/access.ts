import Type, { type Static } from 'typebox'
import { tokenScopes } from '../words.js'
import { nullableCursor, nullableString, nullableTimestamp, oneOf, ref, Timestamp, Uuid } from './base.js'

/** Name of a token: it stands as the author of what is written with it. */
export const TokenName = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._@+-]*$',
  description: 'Says whose it is. No name is given twice, also not after its token was revoked',
  examples: ['obs-publish'],
})

/** Streams by name, with any text for each `*`. */
export const StreamGlob = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[A-Za-z0-9._:+~@=,/*-]+$',
  description: 'A whole name of a stream; `*` is any text, slashes too',
  examples: ['openSUSE:*'],
})

const Scopes = Type.Array(oneOf(tokenScopes, 'What it allows; `admin` includes the others'), {
  minItems: 1,
  maxItems: tokenScopes.length,
  uniqueItems: true,
})

const Globs = Type.Array(StreamGlob, { minItems: 1, maxItems: 32 })

/** What a token is to be. */
export const TokenRequest = Type.Object(
  {
    name: TokenName,
    scopes: Scopes,
    streams: Type.Optional({
      ...Globs,
      description:
        'The streams that it is for; all where it is left out. A token with the scope `admin` is for all',
    }),
    expiresAt: Type.Optional(
      Type.Unsafe<string | null>({
        type: ['string', 'null'],
        maxLength: 40,
        description: 'RFC 3339, in the future; null or left out for a token that does not expire',
        examples: ['2030-01-01T00:00:00Z'],
      }),
    ),
  },
  { $id: 'TokenRequest', additionalProperties: false, description: 'An access token to be made' },
)
export type TokenRequest = Static<typeof TokenRequest>

const tokenFacts = {
  id: Uuid,
  name: TokenName,
  scopes: Scopes,
  streams: Globs,
  createdBy: Type.String({ description: 'Name of the token that asked for it, or `serve`' }),
  createdAt: Timestamp,
  expiresAt: nullableTimestamp,
  lastUsedAt: nullableTimestamp,
  revokedAt: nullableTimestamp,
}

/** An access token without its secret. */
export const Token = Type.Object(tokenFacts, {
  $id: 'Token',
  description: 'An access token, without its secret; `lastUsedAt` is to the minute',
})
export type Token = Static<typeof Token>

/** A token that was just made, with its text. */
export const NewToken = Type.Object(
  { ...tokenFacts, token: Type.String({ description: 'The token itself. It is shown this once' }) },
  { $id: 'NewToken', description: 'An access token that was just made' },
)
export type NewToken = Static<typeof NewToken>

export const TokenList = Type.Object(
  { items: Type.Array(ref(Token)), next: nullableCursor },
  { $id: 'TokenList', description: 'A page of access tokens' },
)
export type TokenList = Static<typeof TokenList>

/** A write that somebody asked for. */
export const AuditEntry = Type.Object(
  {
    id: Uuid,
    at: Timestamp,
    tokenId: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'Null for what the service did by itself',
    }),
    by: Type.String({
      description: 'Name of the token; `serve` or `courier` for what the service did by itself',
    }),
    operation: Type.String({ description: 'The `operationId` of the call', examples: ['sealBuild'] }),
    target: Type.String({ description: 'Address of what was written, without a query' }),
    status: Type.Integer({ description: 'HTTP status of the answer' }),
    code: nullableString({ description: 'Code of the error where it was refused' }),
    requestId: Type.String({
      description: 'Id of the request, or of the delivery; the log has it too',
    }),
  },
  { $id: 'AuditEntry', description: 'A write that somebody asked for, and what became of it' },
)
export type AuditEntry = Static<typeof AuditEntry>

export const AuditList = Type.Object(
  { items: Type.Array(ref(AuditEntry)), next: nullableCursor },
  { $id: 'AuditList', description: 'A page of the audit log' },
)
export type AuditList = Static<typeof AuditList>
