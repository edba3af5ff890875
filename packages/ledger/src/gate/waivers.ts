import { type WaivableVerdict, type WaiverState, waivableVerdicts } from '@basedrift/contract'
import { streamIdsOf } from '../access/streams.js'
import { decodeCursor, encodeCursor, pageLimit, pageOf } from '../cursor.js'
import { type Database, type Tx, transact } from '../db.js'
import { LedgerError } from '../errors.js'
import type { Prisma } from '../generated/client.js'
import { groundsOf, isUuid, uuidv7 } from '../ids.js'
import { canonical, storable } from '../json.js'
import { originKeyOf } from '../origin-key.js'
import type { BuildRef, Page, PageRequest, Seen } from '../rows.js'
import type { WaiverTerms } from './inputs.js'

/** Waivers of its grounds that a decision looks at: those that count first, then the latest of those that do no more. */
const mostWaivers = 2_000

/** A new waiver: for which modules of which build on which kernel, and what is accepted. */
export interface WaiverDraft {
  kernelBuildId: string
  moduleBuildId: string
  verdicts: readonly WaivableVerdict[]
  modules: readonly string[] | 'all'
  reason: string
  author: string
  expiresAt: Date
}

/** A waiver as it is recorded. */
export interface WaiverRow extends Omit<WaiverTerms, 'verdicts'> {
  stream: string
  kernelBuild: BuildRef
  moduleBuild: BuildRef
  verdicts: readonly WaivableVerdict[]
  createdAt: string
  withdrawnAt: string | null
  withdrawnBy: string | null
}

/** Recorded acceptances. None is ever deleted: one that is withdrawn or has expired counts for nothing, and is shown as such. */
export interface Waivers {
  /**
   * Binds it to the modules and to all that their verdicts follow from. The same again, while it is active, makes no other. `build-unknown`, `pair-unknown`,
   * `module-unknown`.
   */
  add(draft: WaiverDraft): Promise<{ outcome: 'created' | 'same'; waiver: WaiverRow }>
  /** `waiver-unknown`. */
  get(id: string): Promise<WaiverRow>
  /** The latest first. */
  list(
    query: { stream?: string | undefined; state?: WaiverState | undefined } & Seen & PageRequest,
  ): Promise<Page<WaiverRow>>
  /** Ends it now. Idempotent. `waiver-unknown`. */
  withdraw(id: string, by: string): Promise<WaiverRow>
}

const ref = { select: { id: true, version: true, release: true } } as const
const include = {
  stream: { select: { name: true } },
  kernelBuild: ref,
  moduleBuild: ref,
} satisfies Prisma.WaiverInclude

function stateOf(waiver: { withdrawnAt: Date | null; expiresAt: Date }, now: Date): WaiverState {
  if (waiver.withdrawnAt !== null) return 'withdrawn'
  return waiver.expiresAt <= now ? 'expired' : 'active'
}

function terms(record: Prisma.WaiverGetPayload<object>, now: Date): WaiverTerms {
  const { id, baseSha256, grounds, moduleSetId, verdicts, modules, reason, author, expiresAt } = record
  return {
    id,
    state: stateOf(record, now),
    baseSha256,
    grounds,
    moduleSetId,
    verdicts: verdicts as WaivableVerdict[],
    modules: modules as { name: string; sha256: string }[] | null,
    reason,
    author,
    expiresAt: expiresAt.toISOString(),
  }
}

function waiverRow(record: Prisma.WaiverGetPayload<{ include: typeof include }>, now: Date): WaiverRow {
  return {
    ...terms(record, now),
    stream: record.stream.name,
    kernelBuild: record.kernelBuild,
    moduleBuild: record.moduleBuild,
    verdicts: record.verdicts as WaivableVerdict[],
    createdAt: record.createdAt.toISOString(),
    withdrawnAt: record.withdrawnAt?.toISOString() ?? null,
    withdrawnBy: record.withdrawnBy,
  }
}

/** Those of a stream that are bound to one of these grounds, whatever their state, and how many more there are. */
export async function waiversOf(
  tx: Tx,
  streamId: string,
  grounds: readonly string[],
  now: Date,
): Promise<{ waivers: WaiverTerms[]; more: number }> {
  const records = await tx.$queryRaw<(Prisma.WaiverGetPayload<object> & { total: number })[]>`
    SELECT *, (count(*) OVER ())::int AS total FROM "Waiver"
    WHERE "streamId" = ${streamId}::uuid AND grounds = ANY(${[...grounds]})
    ORDER BY "withdrawnAt" IS NULL AND "expiresAt" > ${now} DESC, id DESC LIMIT ${mostWaivers}`
  const total = records[0]?.total ?? 0
  return { waivers: records.map((record) => terms(record, now)), more: total - records.length }
}

/** Modules of a set by name, with what they are bound by. `module-unknown`. */
async function bonds(tx: Tx, moduleSetId: string, names: readonly string[]) {
  const wanted = [...new Set(names.map((name) => storable(name.replaceAll('-', '_'))))]
  const found = await tx.module.findMany({
    where: { moduleSetId, name: { in: wanted } },
    select: { name: true, sha256: true },
    orderBy: { ordinal: 'asc' },
  })
  const there = new Set(found.map(({ name }) => name))
  const absent = wanted.filter((name) => !there.has(name))
  if (absent.length > 0)
    throw new LedgerError('module-unknown', `The build has no module ${absent.slice(0, 5).join(', ')}.`)
  return found
}

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)

/** The repository of waivers. */
export function createWaivers(db: Database): Waivers {
  const { prisma, clock } = db
  const unknown = (id: string) => new LedgerError('waiver-unknown', `There is no waiver ${id}.`)
  const found = async (tx: Tx, id: string) => {
    const record = isUuid(id) ? await tx.waiver.findUnique({ where: { id }, include }) : null
    if (record === null) throw unknown(id)
    return record
  }
  return {
    add: (draft) =>
      transact(db, async (tx) => {
        const { kernelBuildId, moduleBuildId, verdicts, modules, reason, author, expiresAt } = draft
        const now = clock()
        const build = async (id: string) => {
          const record = isUuid(id)
            ? await tx.build.findUnique({
                where: { id },
                select: {
                  streamId: true,
                  baseSha256: true,
                  moduleSetId: true,
                  originSha256: true,
                  originSource: true,
                  originRelease: true,
                  exportsSha256: true,
                  rulesVersion: true,
                  allowBtfMismatch: true,
                  btfModules: true,
                },
              })
            : null
          if (record === null) throw new LedgerError('build-unknown', `There is no build ${id}.`)
          return record
        }
        const [kernel, owner] = [await build(kernelBuildId), await build(moduleBuildId)]
        const { baseSha256 } = kernel
        const { moduleSetId, streamId } = owner
        if (baseSha256 === null || moduleSetId === null || kernel.streamId !== streamId)
          throw new LedgerError('pair-unknown')
        await tx.$queryRaw`SELECT id FROM "Stream" WHERE id = ${streamId}::uuid FOR NO KEY UPDATE`
        const grounds = groundsOf({
          runningSha256: baseSha256,
          ...originKeyOf(owner),
          exportsSha256: kernel.exportsSha256,
          rules: { version: kernel.rulesVersion ?? '', allowBtfMismatch: kernel.allowBtfMismatch },
          btfModules: kernel.btfModules ?? true,
        })
        const bound = modules === 'all' ? null : await bonds(tx, moduleSetId, modules)
        const content = {
          kernelBuildId,
          moduleBuildId,
          grounds,
          verdicts: waivableVerdicts.filter((verdict) => verdicts.includes(verdict)),
          reason: storable(reason),
          author: storable(author),
          expiresAt,
        }
        const { verdicts: named, ...equal } = content
        const alike = await tx.waiver.findMany({
          where: { ...equal, verdicts: { equals: named }, withdrawnAt: null },
          include,
          take: 50,
        })
        const same = alike.find((one) => canonical(one.modules) === canonical(bound))
        if (same !== undefined) return { outcome: 'same', waiver: waiverRow(same, now) }
        const record = await tx.waiver.create({
          data: {
            id: uuidv7(now.getTime()),
            streamId,
            baseSha256,
            moduleSetId,
            ...content,
            ...(bound === null ? {} : { modules: bound }),
            createdAt: now,
          },
          include,
        })
        return { outcome: 'created', waiver: waiverRow(record, now) }
      }),

    get: async (id) => waiverRow(await found(prisma, id), clock()),

    async list({ stream, state, globs, cursor, limit }) {
      const after = decodeCursor('waivers', cursor, [isId])
      const take = pageLimit(limit)
      const now = clock()
      const ofState: Record<WaiverState, Prisma.WaiverWhereInput> = {
        active: { withdrawnAt: null, expiresAt: { gt: now } },
        expired: { withdrawnAt: null, expiresAt: { lte: now } },
        withdrawn: { withdrawnAt: { not: null } },
      }
      const rows = await prisma.waiver.findMany({
        where: {
          ...(stream === undefined ? {} : { stream: { name: stream } }),
          ...(globs === undefined ? {} : { streamId: { in: await streamIdsOf(prisma, globs) } }),
          ...(state === undefined ? {} : ofState[state]),
          ...(after === null ? {} : { id: { lt: after[0] as string } }),
        },
        include,
        orderBy: { id: 'desc' },
        take: take + 1,
      })
      return pageOf(
        rows,
        take,
        (record) => waiverRow(record, now),
        (last) => encodeCursor('waivers', [last.id]),
      )
    },

    withdraw: (id, by) =>
      transact(db, async (tx) => {
        const now = clock()
        await found(tx, id)
        await tx.waiver.updateMany({
          where: { id, withdrawnAt: null },
          data: { withdrawnAt: now, withdrawnBy: storable(by) },
        })
        return waiverRow(await found(tx, id), now)
      }),
  }
}
