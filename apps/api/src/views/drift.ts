import type { DriftReport as ComputedReport } from '@basedrift/check'
import type { DriftClass, DriftCounts, DriftReport, DriftSide, DriftSummary } from '@basedrift/contract'
import type { DriftRow, DriftSide as RecordedSide } from '@basedrift/ledger'
import { buildRefView, failureView } from './build.js'
import { countsView } from './pair.js'

function sideView(side: RecordedSide | null): DriftSide | null {
  return side === null ? null : { state: side.state, counts: countsView(side.counts) }
}

/** A drift as it stands in a list. Class and counts are as the engine wrote them. */
export function driftSummaryView(drift: DriftRow): DriftSummary {
  return {
    id: drift.id,
    stream: drift.stream,
    from: buildRefView(drift.from),
    to: buildRefView(drift.to),
    neighbours: drift.neighbours,
    state: drift.state,
    class: drift.class as DriftClass | null,
    headline: drift.headline,
    counts: drift.counts as DriftCounts | null,
    oldOnNew: sideView(drift.oldOnNew),
    newOnOld: sideView(drift.newOnOld),
    error: failureView(drift.error),
    createdAt: drift.createdAt,
    updatedAt: drift.updatedAt,
  }
}

/** A report as it crosses the boundary: the same object. */
export function reportView(report: ComputedReport): DriftReport {
  return report as unknown as DriftReport
}
