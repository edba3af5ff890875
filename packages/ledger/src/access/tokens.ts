import type { TokenScope } from '@basedrift/contract'
import { decodeCursor, encodeCursor, pageLimit, pageOf } from '../cursor.js'
import { type Database, type Tx, transact } from '../db.js'
import { LedgerError } from '../errors.js'
import { isUuid, uuidv7 } from '../ids.js'
import { recordAudit } from './audit.js'
import { isSecret, makeToken, readToken } from './secret.js'
import type { NewToken, TokenRow, Tokens } from './types.js'

/** How exactly it is recorded when a token was used last, in milliseconds. */
const useStepMs = 60_000

/** Taken while the first token is made, so that of several processes one makes it. */
const firstAdminLock = 1_497_102_338

/** Stands in for the hash of a token that is not there. */
const noHash = new Uint8Array(32)

interface Recorded {
  id: string
  name: string
  scopes: string[]
  streams: string[]
  createdBy: string
  createdAt: Date
  expiresAt: Date | null
  lastUsedAt: Date | null
  revokedAt: Date | null
}

function tokenRow(token: Recorded): TokenRow {
  const { id, name, scopes, streams, createdBy, createdAt, expiresAt, lastUsedAt, revokedAt } = token
  return {
    id,
    name,
    scopes: scopes as TokenScope[],
    streams,
    createdBy,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  }
}

async function insert(tx: Tx, token: NewToken, now: Date): Promise<{ token: TokenRow; text: string }> {
  const id = uuidv7(now.getTime())
  const { text, hash } = makeToken(id)
  const { name, scopes, streams, expiresAt, createdBy } = token
  const data = { id, name, hash: new Uint8Array(hash), createdBy, createdAt: now, expiresAt }
  const { count } = await tx.token.createMany({
    data: [{ ...data, scopes: [...scopes], streams: [...streams] }],
    skipDuplicates: true,
  })
  if (count === 0) throw new LedgerError('token-name-taken', `There is, or was, a token "${name}".`)
  return { token: tokenRow(await tx.token.findUniqueOrThrow({ where: { id } })), text }
}

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)

/** The repository of access tokens. */
export function createTokens(db: Database): Tokens {
  const { prisma, clock } = db
  return {
    create: (token) => transact(db, (tx) => insert(tx, token, clock())),

    async find(text) {
      const read = readToken(text)
      if (read === null) return null
      const { id, secret } = read
      const token = await prisma.token.findUnique({ where: { id } })
      if (!isSecret(secret, token?.hash ?? noHash) || token === null) return null
      const now = clock()
      if (token.revokedAt !== null) return { token: tokenRow(token), state: 'revoked' }
      if (token.expiresAt !== null && token.expiresAt <= now)
        return { token: tokenRow(token), state: 'expired' }
      const before = new Date(now.getTime() - useStepMs)
      if (token.lastUsedAt === null || token.lastUsedAt <= before) {
        // Of requests at the same time one writes.
        await prisma.token.updateMany({
          where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: before } }] },
          data: { lastUsedAt: now },
        })
      }
      return { token: tokenRow(token), state: 'valid' }
    },

    async get(id) {
      const token = isUuid(id) ? await prisma.token.findUnique({ where: { id } }) : null
      return token === null ? null : tokenRow(token)
    },

    async list({ cursor, limit }) {
      const after = decodeCursor('tokens', cursor, [isId])
      const take = pageLimit(limit)
      const rows = await prisma.token.findMany({
        ...(after === null ? {} : { where: { id: { lt: after[0] as string } } }),
        orderBy: { id: 'desc' },
        take: take + 1,
      })
      return pageOf(rows, take, tokenRow, (last) => encodeCursor('tokens', [last.id]))
    },

    async revoke(id) {
      if (!isUuid(id)) return null
      await prisma.token.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: clock() } })
      const token = await prisma.token.findUnique({ where: { id } })
      return token === null ? null : tokenRow(token)
    },

    firstAdmin: (wanted = false) =>
      transact(db, async (tx) => {
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(${firstAdminLock})`
        const now = clock()
        const valid = await tx.token.count({
          where: {
            scopes: { has: 'admin' },
            revokedAt: null,
            OR: [{ expiresAt: null }, { expiresAt: { gt: now } }],
          },
        })
        if (valid > 0 && !wanted) return null
        const before = await tx.token.count({ where: { createdBy: 'serve' } })
        const name = before === 0 ? 'first-admin' : `first-admin-${before + 1}`
        const made = await insert(
          tx,
          { name, scopes: ['admin'], streams: ['*'], expiresAt: null, createdBy: 'serve' },
          now,
        )
        await recordAudit(tx, now, {
          tokenId: null,
          by: 'serve',
          operation: 'createToken',
          target: `/v1/tokens/${made.token.id}`,
          status: 201,
          code: null,
          requestId: 'start',
        })
        return made
      }),
  }
}
