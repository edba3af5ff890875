import type { GateUseKind } from '@basedrift/contract'
import { streamIdsOf } from '../access/streams.js'
import { decodeCursor, encodeCursor, pageLimit, pageOf } from '../cursor.js'
import { type Database, type Tx, transact } from '../db.js'
import { LedgerError } from '../errors.js'
import { Prisma } from '../generated/client.js'
import { isUuid, uuidv7 } from '../ids.js'
import { storable } from '../json.js'
import type { Page, PageRequest, Seen } from '../rows.js'

/** Callers of dry runs that are told apart for one decision: whom a caller names as its own is text of its choice. */
const mostDryRuns = 100

/** Something that was asked or done besides deciding. */
export interface GateUseRow {
  id: string
  kind: GateUseKind
  build: string
  environment: string
  decision: string | null
  reason: string | null
  by: string
  onBehalfOf: string | null
  at: string
  /** Above 1 for dry runs of the same caller that got the same decision. */
  times: number
  lastAt: string
}

/** Dry runs of gates, and publications against them. */
export interface GateUses {
  /**
   * Records a use. A dry run of a caller that got the decision before is counted there, and `recorded` is false; beyond 100 callers
   * of a decision nobody's own name is kept but the token's. `decision-unknown`.
   */
  record(
    use: Omit<GateUseRow, 'id' | 'at' | 'times' | 'lastAt'>,
  ): Promise<{ recorded: boolean; use: GateUseRow }>
  /** The latest first. */
  list(
    query: { environment?: string | undefined; decision?: string | undefined } & Seen & PageRequest,
  ): Promise<Page<GateUseRow>>
}

function useRow(record: Prisma.GateUseGetPayload<object>): GateUseRow {
  const { id, kind, build, environment, decisionId, reason, by, onBehalfOf, at, times, lastAt } = record
  return {
    id,
    kind: kind as GateUseKind,
    build,
    environment,
    decision: decisionId,
    reason,
    by,
    onBehalfOf,
    at: at.toISOString(),
    times,
    lastAt: lastAt.toISOString(),
  }
}

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)

/** The dry run of the same caller, counted once more; null where it is the first. The decision is held. */
async function countedAgain(
  tx: Tx,
  decisionId: string,
  { by, onBehalfOf }: { by: string; onBehalfOf: string | null },
  now: Date,
) {
  const before = await tx.gateUse.findFirst({ where: { kind: 'dry-run', decisionId, by, onBehalfOf } })
  if (before === null) return null
  return tx.gateUse.update({
    where: { id: before.id },
    data: { times: { increment: 1 }, lastAt: now },
  })
}

/** Of builds of these streams. One that named no build that there is, as was once possible, is of none. */
async function ofStreams(tx: Tx, globs: readonly string[]): Promise<Prisma.Sql> {
  const streams = await streamIdsOf(tx, globs)
  return Prisma.sql`build IN (SELECT id::text FROM "Build" WHERE "streamId" = ANY(${streams}::uuid[]))`
}

/** The repository of uses of gates. */
export function createGateUses(db: Database): GateUses {
  const { prisma, clock } = db
  return {
    record: (use) =>
      transact(db, async (tx) => {
        const { kind, decision, environment } = use
        const now = clock()
        const [build, by] = [storable(use.build), storable(use.by)]
        let onBehalfOf = storable(use.onBehalfOf)
        if (decision !== null) {
          const held = isUuid(decision)
            ? await tx.$queryRaw<
                unknown[]
              >`SELECT id FROM "Decision" WHERE id = ${decision}::uuid FOR NO KEY UPDATE`
            : []
          if (held.length === 0)
            throw new LedgerError('decision-unknown', `There is no decision ${decision}.`)
        }
        if (kind === 'dry-run' && decision !== null) {
          const again = await countedAgain(tx, decision, { by, onBehalfOf }, now)
          if (again !== null) return { recorded: false, use: useRow(again) }
          if ((await tx.gateUse.count({ where: { kind, decisionId: decision } })) >= mostDryRuns) {
            onBehalfOf = null
            const others = await countedAgain(tx, decision, { by, onBehalfOf }, now)
            if (others !== null) return { recorded: false, use: useRow(others) }
          }
        }
        const made = await tx.gateUse.create({
          data: {
            id: uuidv7(now.getTime()),
            kind,
            build,
            environment,
            decisionId: decision,
            reason: storable(use.reason),
            by,
            onBehalfOf,
            at: now,
            lastAt: now,
          },
        })
        return { recorded: true, use: useRow(made) }
      }),

    async list({ environment, decision, globs, cursor, limit }) {
      const after = decodeCursor('gate-uses', cursor, [isId])
      const take = pageLimit(limit)
      if (decision !== undefined && !isUuid(decision)) return { items: [], next: null }
      const wanted = [
        Prisma.sql`true`,
        ...(environment === undefined ? [] : [Prisma.sql`environment = ${environment}`]),
        ...(decision === undefined ? [] : [Prisma.sql`"decisionId" = ${decision}::uuid`]),
        ...(globs === undefined ? [] : [await ofStreams(prisma, globs)]),
        ...(after === null ? [] : [Prisma.sql`id < ${after[0]}::uuid`]),
      ]
      const ids = await prisma.$queryRaw<{ id: string }[]>`
        SELECT id FROM "GateUse" WHERE ${Prisma.join(wanted, ' AND ')} ORDER BY id DESC LIMIT ${take + 1}`
      const rows = await prisma.gateUse.findMany({
        where: { id: { in: ids.map(({ id }) => id) } },
        orderBy: { id: 'desc' },
      })
      return pageOf(rows, take, useRow, (last) => encodeCursor('gate-uses', [last.id]))
    },
  }
}
