import { decodeCursor, encodeCursor, pageLimit, pageOf } from '../cursor.js'
import type { Database, Tx } from '../db.js'
import { isUuid, uuidv7 } from '../ids.js'
import { storable } from '../json.js'
import type { Audit, AuditRow } from './types.js'

/** Characters of a target that are kept. */
const targetChars = 1024

/** Adds an entry, in the caller's transaction. */
export async function recordAudit(tx: Tx, now: Date, entry: Omit<AuditRow, 'id' | 'at'>): Promise<void> {
  const target = storable(entry.target).slice(0, targetChars)
  await tx.auditEntry.create({ data: { ...entry, target, id: uuidv7(now.getTime()), at: now } })
}

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)

/** The repository of the audit log: it adds and reads. */
export function createAudit({ prisma, clock }: Database): Audit {
  return {
    record: (entry) => recordAudit(prisma, clock(), entry),

    async list({ by, cursor, limit }) {
      const after = decodeCursor('audit', cursor, [isId])
      const take = pageLimit(limit)
      const rows = await prisma.auditEntry.findMany({
        where: {
          ...(by === undefined ? {} : { by: storable(by) }),
          ...(after === null ? {} : { id: { lt: after[0] as string } }),
        },
        orderBy: { id: 'desc' },
        take: take + 1,
      })
      return pageOf(
        rows,
        take,
        ({ at, ...row }): AuditRow => ({ ...row, at: at.toISOString() }),
        (last) => encodeCursor('audit', [last.id]),
      )
    },
  }
}
