import type { PolicySettings } from '@basedrift/contract'
import { type Database, type Tx, transact } from '../db.js'
import { LedgerError } from '../errors.js'
import { canonical, storable } from '../json.js'
import type { JsonObject } from '../rows.js'
import {
  completeTerms,
  defaultTerms,
  type PolicyRow,
  type PolicyTerms,
  type ReadyPolicy,
  readyPolicy,
} from './policy.js'

/** The policies of streams: every version is kept, decisions name the one that they went by. */
export interface Policies {
  /** The current one, or that version; without any, version 0 says how it is by default. `stream-unknown`, `policy-unknown`. */
  get(stream: string, version?: number): Promise<PolicyRow>
  /**
   * Sets what is not as by default. The same again makes no version. `stream-unknown`, `policy-invalid`; `policy-changed` where another
   * version than the one that was `seen` is there.
   */
  set(change: {
    stream: string
    settings: PolicySettings
    by: string
    seen?: number | undefined
  }): Promise<{ outcome: 'changed' | 'same'; policy: PolicyRow }>
}

type Stored = { version: number; settings: unknown; author: string; createdAt: Date }

const original: PolicyRow = { version: 0, ...defaultTerms, author: null, createdAt: null }

const row = (stored: Stored | null): PolicyRow =>
  stored === null
    ? original
    : {
        version: stored.version,
        // What there was no setting for is as it is without any.
        ...defaultTerms,
        ...(stored.settings as PolicyTerms),
        author: stored.author,
        createdAt: stored.createdAt.toISOString(),
      }

const current = (tx: Tx, streamId: string) =>
  tx.policy.findFirst({ where: { streamId }, orderBy: { version: 'desc' } })

/** The policy that a stream's gates go by now. */
export async function policyOf(tx: Tx, streamId: string): Promise<ReadyPolicy> {
  const { version, author: _author, createdAt: _createdAt, ...terms } = row(await current(tx, streamId))
  return readyPolicy(version, terms)
}

async function streamIdOf(tx: Tx, name: string): Promise<string> {
  const stream = await tx.stream.findUnique({ where: { name: storable(name) }, select: { id: true } })
  if (stream === null) throw new LedgerError('stream-unknown', `There is no stream ${name}.`)
  return stream.id
}

/** The repository of policies. */
export function createPolicies(db: Database): Policies {
  const { prisma, clock } = db
  return {
    async get(stream, version) {
      const streamId = await streamIdOf(prisma, stream)
      if (version === undefined) return row(await current(prisma, streamId))
      if (version === 0) return original
      const stored = await prisma.policy.findUnique({ where: { streamId_version: { streamId, version } } })
      if (stored === null) throw new LedgerError('policy-unknown')
      return row(stored)
    },

    async set({ stream, settings, by, seen }) {
      const terms = completeTerms(settings)
      readyPolicy(0, terms)
      return transact(db, async (tx) => {
        const streamId = await streamIdOf(tx, stream)
        await tx.$queryRaw`SELECT id FROM "Stream" WHERE id = ${streamId}::uuid FOR NO KEY UPDATE`
        const {
          author: _author,
          createdAt: _createdAt,
          version,
          ...before
        } = row(await current(tx, streamId))
        if (canonical(before) === canonical(terms))
          return { outcome: 'same', policy: row(await current(tx, streamId)) }
        if (seen !== undefined && seen !== version) throw new LedgerError('policy-changed')
        const stored = await tx.policy.create({
          data: {
            streamId,
            version: version + 1,
            settings: terms as unknown as JsonObject,
            author: storable(by),
            createdAt: clock(),
          },
        })
        return { outcome: 'changed', policy: row(stored) }
      })
    },
  }
}
