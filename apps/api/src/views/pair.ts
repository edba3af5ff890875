import type { ModuleResult as CheckedModule } from '@basedrift/check'
import type { BuildRef, Counts, Matrix, ModuleResult } from '@basedrift/contract'
import type { MatrixCell, PairRow, Counts as RecordedCounts } from '@basedrift/ledger'
import { buildRefView, failureView } from './build.js'

/** Counts as they are recorded: the engine wrote them, so their names are verdicts. */
export function countsView(counts: RecordedCounts): Counts {
  return counts as Counts
}

/** A page of the matrix: the cells name builds by id, and each build is there once by name. */
export function matrixView(cells: readonly MatrixCell[], next: string | null): Matrix {
  const builds = new Map<string, BuildRef>()
  for (const { kernelBuild, moduleBuild } of cells) {
    builds.set(kernelBuild.id, buildRefView(kernelBuild))
    builds.set(moduleBuild.id, buildRefView(moduleBuild))
  }
  return {
    cells: cells.map((cell) => ({
      kernelBuild: cell.kernelBuild.id,
      moduleBuild: cell.moduleBuild.id,
      state: cell.state,
      counts: countsView(cell.counts),
      error: failureView(cell.error),
    })),
    builds: [...builds.values()],
    next,
  }
}

/** What a pair and the explanation of one of its modules have in common. */
export function pairHead(pair: PairRow) {
  const { kernelBuild, moduleBuild } = pair
  const builds = kernelBuild.id === moduleBuild.id ? [kernelBuild] : [kernelBuild, moduleBuild]
  return {
    kernelBuild: kernelBuild.id,
    moduleBuild: moduleBuild.id,
    builds: builds.map(buildRefView),
    state: pair.state,
    engine: pair.comparison?.engine ?? null,
  }
}

function loadView({
  vermagic,
  modversions,
  obstacles,
  doubts,
  missed,
  missedTotal,
  btfIds,
}: CheckedModule['load']): ModuleResult['load'] {
  const { mismatched, unresolved, ...counts } = modversions
  return {
    vermagic,
    modversions: {
      ...counts,
      mismatched: [...mismatched],
      ...(unresolved === undefined ? {} : { unresolved: [...unresolved] }),
    },
    ...(obstacles === undefined ? {} : { obstacles: [...obstacles] }),
    ...(doubts === undefined ? {} : { doubts: [...doubts] }),
    ...(missed === undefined ? {} : { missed: [...missed] }),
    ...(missedTotal === undefined ? {} : { missedTotal }),
    ...(btfIds === undefined ? {} : { btfIds: idsView(btfIds) }),
  }
}

function idsView({ wrong, ...rest }: NonNullable<CheckedModule['load']['btfIds']>) {
  return { ...rest, ...(wrong === undefined ? {} : { wrong: [...wrong] }) }
}

/** A row of a check as it crosses the boundary: the same object, with lists of its own. */
export function resultView(result: CheckedModule): ModuleResult {
  const { load, log, misbound, changed, ...rest } = result
  return {
    ...rest,
    log: [...log],
    ...(misbound === undefined ? {} : { misbound: [...misbound] }),
    ...(changed === undefined ? {} : { changed: [...changed] }),
    load: loadView(load),
  }
}
