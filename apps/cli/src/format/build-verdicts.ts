import type { Build, Matrix } from '@basedrift/contract'
import { printable } from '../output/printable.js'
import { counted } from '../output/words.js'
import { headline } from './verdict-words.js'

/** Pairs shown in each direction. */
const pairsShown = 10

/** What a build's arrival showed of BTF: a line for each pair that it is in, its own modules on its own kernel first. */
export function buildVerdicts(
  build: Pick<Build, 'id'>,
  { cells, builds }: Pick<Matrix, 'cells' | 'builds'>,
): string[] {
  const names = new Map(builds.map(({ id, version, release }) => [id, printable(`${version}-${release}`)]))
  const verdict = ({ state, counts, error }: Matrix['cells'][number]): string => {
    if (state === 'pending') return 'Not compared yet.'
    if (state === 'failed') return printable(`Cannot be compared: ${error?.code ?? 'not known why'}.`)
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
    return headline(counts, total)
  }
  const own = cells.filter(
    ({ kernelBuild, moduleBuild }) => kernelBuild === build.id && moduleBuild === build.id,
  )
  const asModules = cells.filter(
    ({ kernelBuild, moduleBuild }) => kernelBuild !== build.id && moduleBuild === build.id,
  )
  const asKernel = cells.filter(
    ({ kernelBuild, moduleBuild }) => kernelBuild === build.id && moduleBuild !== build.id,
  )
  const limited = <T>(all: readonly T[], line: (one: T) => string): string[] => {
    const more = all.length - pairsShown
    return [
      ...all.slice(0, pairsShown).map(line),
      ...(more > 0 ? [`and ${counted(more, 'more pair')}: basedrift matrix`] : []),
    ]
  }
  if (own.length + asModules.length + asKernel.length === 0) return []
  return [
    'Of BTF alone; what else kernels compare, `basedrift pair` shows and `basedrift gate` counts:',
    ...own.map((cell) => `Its modules on its own kernel: ${verdict(cell)}`),
    ...limited(
      asModules,
      (cell) => `Its modules on the kernel of ${names.get(cell.kernelBuild)}: ${verdict(cell)}`,
    ),
    ...limited(
      asKernel,
      (cell) => `The modules of ${names.get(cell.moduleBuild)} on its kernel: ${verdict(cell)}`,
    ),
  ]
}
