import type { Json, RefusalRow } from '../rows.js'
import type { Prisma, Queries } from './database.js'
import { newId } from './ids.js'
import { time } from './mapping.js'

/** Refusals that are shown of a build, and kept of it: a client that tries forever must not fill the ledger. */
const mostRefusals = 100

/** The same name came with other content. */
export interface NewRefusal {
  buildId: string
  filename: string | null
  code: string
  recorded: Json
  given: Json
}

/** Records a refusal, unless this very one is recorded already. */
export async function recordRefusal(queries: Queries, refusal: NewRefusal): Promise<void> {
  const { buildId, filename, code } = refusal
  const given = refusal.given as Prisma.InputJsonValue
  const same = await queries.refusal.findFirst({
    where: { buildId, filename, code, given: { equals: given } },
    select: { id: true },
  })
  if (same !== null || (await queries.refusal.count({ where: { buildId } })) >= mostRefusals) return
  const recorded = refusal.recorded as Prisma.InputJsonValue
  await queries.refusal.create({ data: { id: newId(), buildId, filename, code, recorded, given } })
}

/** Newest first. */
export async function refusalsOf(queries: Queries, buildId: string): Promise<RefusalRow[]> {
  const records = await queries.refusal.findMany({
    where: { buildId },
    orderBy: { id: 'desc' },
    take: mostRefusals,
  })
  return records.map(({ id, filename, code, recorded, given, createdAt }) => ({
    id,
    filename,
    code,
    recorded: recorded as Json,
    given: given as Json,
    createdAt: time(createdAt),
  }))
}
