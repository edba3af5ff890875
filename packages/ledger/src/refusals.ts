import type { RefusalCode } from '@basedrift/contract'
import { statementOf } from './build-rows.js'
import { type Database, type Tx, transact } from './db.js'
import { LedgerError } from './errors.js'
import { Prisma } from './generated/client.js'
import { isUuid, uuidv7 } from './ids.js'
import { storable } from './json.js'
import { touchRefusal } from './notices/sources.js'
import type { Json, RefusalRow } from './rows.js'

/** Refusals of different content that are kept of one build, each by itself: whoever sends ever other content fills no disk. */
const kept = 100

/** Refusals of one build that are told at once: those above, and one for all more. */
export const mostRefusals = kept + 1

/** Other content that came under a name, or a package that came when the build was sealed. */
export interface Refused {
  code: 'build-differs' | 'after-seal'
  buildId: string
  /** Null where the declaration differs. */
  filename: string | null
  recorded: { [key: string]: Json }
  given: { [key: string]: Json }
  /** Name of the token that sent it. */
  by: string | null
  now: Date
}

/**
 * Records that a name came with other content, and that channels are told of it. The same again is counted, and takes back nothing of what
 * somebody said of it. The caller's transaction holds the build, so that the count is right.
 */
export async function recordRefusal(tx: Tx, refused: Refused): Promise<void> {
  const { code, buildId, filename, recorded, given, now } = refused
  const by = storable(refused.by)
  // A file is the same by its digest: its size may not be known when its bytes are not asked for.
  const isSame =
    filename === null
      ? { equals: given }
      : { path: ['sha256'], equals: given.sha256 as Prisma.InputJsonValue }
  const again = await tx.refusal.updateMany({
    where: { buildId, filename, code, given: isSame },
    data: { times: { increment: 1 }, lastAt: now },
  })
  if (again.count > 0) return
  const id = uuidv7(now.getTime())
  const made = { id, buildId, by, createdAt: now, lastAt: now }
  if ((await tx.refusal.count({ where: { buildId, code: { not: 'more-differs' } } })) < kept) {
    await tx.refusal.create({ data: { ...made, filename, code, recorded, given } })
    // What comes late is most often sent again at once, as a build of its own.
    if (code === 'build-differs') await touchRefusal(tx, refused, now)
    return
  }
  // Which of them came before is not known: each is new, under another id than any that somebody may have looked at.
  const more = await tx.refusal.findFirst({ where: { buildId, code: 'more-differs' } })
  if (more !== null) await tx.refusal.delete({ where: { id: more.id } })
  await tx.refusal.create({
    data: {
      ...made,
      code: 'more-differs',
      recorded: {},
      given: {},
      createdAt: more?.createdAt ?? now,
      times: (more?.times ?? 0) + 1,
    },
  })
  if (more === null || more.acknowledgedAt !== null) await touchRefusal(tx, refused, now)
}

/**
 * Name of the first build of modules that has, as a package, what came after the seal, and that gates look at with the kernel it came for, of
 * a refusal `r` of a build `b`; null where none has, or it is another refusal. What another kernel's build has, or one that names no kernel,
 * nobody has looked at on this one, nor what has not been read, or could not.
 */
export const heldBy = Prisma.sql`(
  SELECT h.version || '-' || h.release FROM "Artifact" a JOIN "Build" h ON h.id = a."buildId"
  WHERE r.code = 'after-seal' AND a.sha256 = r.given->>'sha256' AND a.kind = 'package'
    AND a.state = 'ingested' AND h.state IN ('comparing', 'done') AND h."streamId" = b."streamId" AND h."withdrawnAt" IS NULL AND h."baseSha256" IS NULL
    AND h."builtFor" = CASE WHEN b."moduleSetId" IS NOT NULL AND b."baseSha256" IS NULL THEN b."builtFor"
      ELSE b.version || '-' || b.release END
  ORDER BY h.id LIMIT 1)`

/** Of these refusals those of which a build has the content, by id, with its name. */
export async function holders(tx: Tx, refusals: readonly { id: string }[]): Promise<Map<string, string>> {
  const held = await tx.$queryRaw<{ id: string; name: string | null }[]>`
    SELECT r.id, ${heldBy} AS name FROM "Refusal" r JOIN "Build" b ON b.id = r."buildId"
    WHERE r.id = ANY(${refusals.map(({ id }) => id)}::uuid[]) AND r.code = 'after-seal'`
  return new Map(held.flatMap(({ id, name }) => (name === null ? [] : [[id, name]])))
}

/** Those that nobody has acknowledged, then the others, the newest first. */
export const latestFirst = [
  { acknowledgedAt: { sort: 'desc', nulls: 'first' } },
  { id: 'desc' },
] satisfies Prisma.RefusalOrderByWithRelationInput[]

/** The refusals of a build: those that nobody has acknowledged, then the others, the newest first; at most `mostRefusals`. */
export async function refusalsOf(tx: Tx, buildId: string): Promise<RefusalRow[]> {
  const rows = await tx.refusal.findMany({
    where: { buildId },
    orderBy: latestFirst,
    take: mostRefusals,
  })
  const held = await holders(tx, rows)
  return rows.map((row) => ({
    id: row.id,
    filename: row.filename,
    code: row.code as RefusalCode,
    recorded: row.recorded as Json,
    given: row.given as Json,
    by: row.by,
    createdAt: row.createdAt.toISOString(),
    times: row.times,
    lastAt: row.lastAt.toISOString(),
    heldBy: held.get(row.id) ?? null,
    acknowledgement: statementOf(row.acknowledgedAt, row.acknowledgedBy, row.acknowledgement),
  }))
}

/** Records that somebody looked at refusals of a build, all or none of them. One that was acknowledged before stays as it is. */
export async function acknowledgeRefusals(
  db: Database,
  buildId: string,
  { refusals, reason, by }: { refusals: readonly string[]; reason: string; by: string },
): Promise<void> {
  if (!isUuid(buildId)) throw new LedgerError('build-unknown', `There is no build ${buildId}.`)
  await transact(db, async (tx) => {
    const held = await tx.$queryRaw<unknown[]>`
      SELECT id FROM "Build" WHERE id = ${buildId}::uuid FOR NO KEY UPDATE`
    if (held.length === 0) throw new LedgerError('build-unknown', `There is no build ${buildId}.`)
    const wanted = [...new Set(refusals)]
    const where = { buildId, id: { in: wanted.filter(isUuid) } }
    if ((await tx.refusal.count({ where })) < wanted.length) throw new LedgerError('refusal-unknown')
    await tx.refusal.updateMany({
      where: { ...where, acknowledgedAt: null },
      data: {
        acknowledgedAt: db.clock(),
        acknowledgedBy: storable(by),
        acknowledgement: storable(reason),
      },
    })
  })
}
