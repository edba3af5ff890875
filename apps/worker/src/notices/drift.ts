import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import { decodeRows } from '@basedrift/check'
import {
  type DriftClass,
  type DriftCounts,
  type Notice,
  type NoticeBlast,
  type NoticeModversions,
  type NoticeRemedy,
  noticeLimits,
  type Severity,
} from '@basedrift/contract'
import type { Log } from '@basedrift/jobs'
import type { BlobStore, DriftRow, DriftSide, Ledger } from '@basedrift/ledger'

/** What an event of a drift is made from. */
export interface DriftNoticeOptions {
  ledger: Pick<Ledger, 'drifts' | 'pairs' | 'moduleSets'>
  blobs: Pick<BlobStore, 'read'>
  log: Log
}

/** Largest report, as JSON: its lists are bounded, and so are the names in them. */
const reportBytes = 64 * 2 ** 20

const decompress = promisify(brotliDecompress)

/** Verdicts by which a module does not fit as it is; the last two say that nobody knows. */
const broken = ['rejected', 'discarded', 'changed', 'misread', 'crashes', 'unknown', 'error'] as const

/**
 * The event of a drift as the ledger knows it, and whether nothing of it is still computed: the drift itself, and the modules of
 * each of the two builds on the kernel of the other. Null where there is nothing to tell: the bases are equal, another kernel
 * came between, or the drift cannot be computed. `bare` tells without what cannot be read: a report that is away for long is no
 * reason to say nothing.
 */
export async function driftNotice(
  driftId: string,
  options: DriftNoticeOptions,
  now: Date,
  bare = false,
): Promise<{ settled: boolean; notice: Notice | null }> {
  const drift = await options.ledger.drifts.get(driftId)
  if (drift === null || !drift.neighbours || drift.state === 'failed') return { settled: true, notice: null }
  if (drift.state === 'pending') return { settled: false, notice: null }
  if (drift.class === 'none') return { settled: true, notice: null }
  const sides = [drift.oldOnNew, drift.newOnOld]
  const settled = sides.every((side) => side?.state !== 'pending')
  const counts = drift.counts as unknown as DriftCounts
  const [oldOnNew, newOnOld] = sides.map(blast) as [NoticeBlast | null, NoticeBlast | null]
  const known = async <T>(what: string, read: Promise<T>, none: T): Promise<T> => {
    if (!bare) return read
    return read.catch((error: unknown) => {
      options.log.warn({ err: error, drift: driftId }, `a drift is told of without its ${what}`)
      return none
    })
  }
  const common = {
    severity: severityOf([oldOnNew, newOnOld]),
    at: now.toISOString(),
    link: `/v1/drifts/${drift.id}`,
    stream: drift.stream,
    from: drift.from,
    to: drift.to,
    oldOnNew,
    newOnOld,
  }
  const notice: Notice =
    drift.class === 'reordered'
      ? {
          kind: 'unreproducible',
          ...common,
          moved: counts.moved,
          hints: await known('hints', hintsOf(drift, options), []),
        }
      : {
          kind: 'drift',
          ...common,
          class: drift.class as DriftClass,
          counts,
          modversions: await known('modversions', modversionsOf(drift, options), null),
          remedy: remedyOf(settled, [oldOnNew, newOnOld]),
        }
  return { settled, notice }
}

function blast(side: DriftSide | null): NoticeBlast | null {
  if (side === null || side.state !== 'done') return null
  const counts = Object.fromEntries(Object.entries(side.counts).filter(([, count]) => count > 0))
  return { total: Object.values(counts).reduce((sum, count) => sum + count, 0), counts }
}

const isBroken = ({ counts }: NoticeBlast) => broken.some((verdict) => (counts[verdict] ?? 0) > 0)

function severityOf(blasts: readonly (NoticeBlast | null)[]): Severity {
  const known = blasts.filter((side) => side !== null)
  if (known.some(({ counts }) => (counts.crashes ?? 0) > 0)) return 'critical'
  return known.length > 0 && !known.some(isBroken) ? 'info' : 'warning'
}

/** Where no modules were compared, those that others build for the kernel are concerned all the same. */
function remedyOf(settled: boolean, blasts: readonly (NoticeBlast | null)[]): NoticeRemedy {
  if (!settled) return 'wait'
  const known = blasts.filter((side) => side !== null)
  return known.length > 0 && !known.some(isBroken) ? 'nothing' : 'rebuild-or-hold'
}

/** What modversions says of the modules of both builds on the kernel of the other; null where none were compared. */
async function modversionsOf(
  { from, to }: DriftRow,
  { ledger }: DriftNoticeOptions,
): Promise<NoticeModversions | null> {
  const states = { match: 0, mismatch: 0, unknown: 0 }
  let compared = false
  for (const [kernel, modules] of [
    [to.id, from.id],
    [from.id, to.id],
  ] as const) {
    const comparison = (await ledger.pairs.get(kernel, modules))?.comparison
    if (comparison === null || comparison === undefined) continue
    compared = true
    const manifest = await ledger.moduleSets.manifest(comparison.moduleSetId)
    for (const { load } of decodeRows(comparison.rows, manifest)) states[load.modversions.state]++
  }
  return compared ? states : null
}

/** Codes of what may have caused a drift, as its report has them. */
async function hintsOf({ reportSha256 }: DriftRow, { blobs }: DriftNoticeOptions): Promise<string[]> {
  if (reportSha256 === null) return []
  const parts: Uint8Array[] = []
  for await (const part of await blobs.read(reportSha256)) parts.push(part as Uint8Array)
  const text = await decompress(Buffer.concat(parts), { maxOutputLength: reportBytes })
  const { hints } = JSON.parse(text.toString()) as { hints: { code: string }[] }
  return hints.slice(0, noticeLimits.hints).map(({ code }) => code)
}
