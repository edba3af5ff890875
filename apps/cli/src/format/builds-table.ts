import type { ArtifactProblem, Build, BuildSummary, OriginSource, Refusal } from '@basedrift/contract'
import { type Cell, cell, fittedColumns } from '../output/columns.js'
import { clipped, clippedPath, printable } from '../output/printable.js'
import type { Tone } from '../output/style.js'
import { bytes, count, counted, minute } from '../output/words.js'
import { declarationLines } from './declaration-lines.js'
import type { TableOptions } from './table-options.js'

/** How far a build has come, or that it was withdrawn, which is all that counts then. */
function stateOf({ state, withdrawal }: BuildSummary): BuildSummary['state'] | 'withdrawn' {
  return withdrawal === null ? state : 'withdrawn'
}

function stateTone(state: ReturnType<typeof stateOf>): Tone {
  if (state === 'withdrawn') return 'faint'
  if (state === 'done') return 'good'
  return state === 'failed' ? 'bad' : 'doubtful'
}

/** Builds, a line each, in the order given. */
export function buildsTable(builds: readonly BuildSummary[], { style, width, fit }: TableOptions): string {
  if (builds.length === 0)
    return 'There are no builds that this token may see and that fit what was asked for.\n'
  const head = ['stream', 'build', 'state', 'kernel', 'modules', 'declared (UTC)', 'id'].map((title) =>
    cell(title, (text) => style('faint', text)),
  )
  const rows = builds.map((build): Cell[] => [
    cell(clipped(build.stream, 40)),
    cell(clipped(`${build.version}-${build.release}`, 32)),
    cell(stateOf(build), (text) => style(stateTone(stateOf(build)), text)),
    cell(build.kernel === null ? '-' : clipped(build.kernel.release ?? 'yes', 32)),
    cell(build.modules === null ? '-' : count(build.modules.count)),
    cell(minute(build.createdAt)),
    cell(build.id),
  ])
  const lines = fittedColumns([head, ...rows], ['left', 'left', 'left', 'left', 'right', 'left', 'left'], {
    width: fit ? width : Number.POSITIVE_INFINITY,
    drop: ['id', 'declared (UTC)', 'kernel', 'modules'],
    shorten: 'stream',
  })
  return `${lines.join('\n')}\n`
}

/** One build: how far it has come, what it holds, and what could not be used. */
export function buildTable(build: Build, { style, width }: TableOptions): string {
  const lines = [
    `${style('strong', `${printable(build.stream)} ${printable(`${build.version}-${build.release}`)}`)}  ${style(stateTone(stateOf(build)), stateOf(build))}`,
    `Id        ${build.id}`,
  ]
  const { kernel, modules, progress, failure, withdrawal } = build
  if (withdrawal !== null)
    lines.push(
      printable(`Withdrawn ${minute(withdrawal.at)} UTC by ${withdrawal.by}: ${withdrawal.reason}`),
      `          state until then: ${build.state}`,
    )
  if (failure !== null)
    lines.push(style('bad', `Failed    ${printable(`${failure.code}: ${failure.message}`)}`))
  if (build.builtFor !== null) lines.push(`Built for ${printable(build.builtFor)}`)
  if (kernel !== null) {
    const { rules, base } = kernel
    const mismatch = rules?.allowBtfMismatch === null ? 'perhaps' : rules?.allowBtfMismatch ? 'is' : 'is not'
    lines.push(
      `Kernel    ${printable(kernel.release ?? 'release not known')}`,
      rules === null
        ? 'Rules     not known: the version cannot be told'
        : `Rules     ${printable(rules.version)}, BTF mismatch ${mismatch} allowed`,
      `Base      ${counted(base.types, 'type')}, ${count(base.strings)} bytes of strings, sha256 ${base.sha256.slice(0, 12)}…`,
    )
  }
  if (modules !== null) {
    lines.push(`Modules   ${count(modules.count)}`, `Built on  ${printable(originOf(build))}`)
  }
  lines.push(
    `Compared  ${count(progress.done)} of ${counted(progress.pairs, 'pair')}${progress.failed > 0 ? `, ${count(progress.failed)} failed` : ''}`,
  )
  lines.push(...refusalLines(build, style, width))
  lines.push(...build.problems.map((problem) => style('bad', problemLine(problem))))
  const provenance = JSON.stringify(build.provenance)
  if (provenance !== '{}') lines.push(`From      ${clipped(provenance, width - 10)}`)
  lines.push('', ...artifactLines(build, style, width))
  return `${lines.join('\n').trimEnd()}\n`
}

/** Other content that came under names of a build: what each was, and what somebody said of it. */
function refusalLines({ refusals }: Build, style: TableOptions['style'], width: number): string[] {
  return refusals.flatMap((refusal) => {
    const { acknowledgement, by, createdAt, heldBy, times } = refusal
    const sent = `${minute(createdAt)} UTC${by === null ? '' : ` by ${by}`}${times === 1 ? '' : `, ${counted(times, 'time')}`}`
    const tone: Tone = acknowledgement === null && heldBy === null ? 'bad' : 'faint'
    const state =
      acknowledgement === null
        ? heldBy === null
          ? 'nobody has looked at it: basedrift build acknowledge'
          : `it is in the build ${heldBy}`
        : `${acknowledgement.by} ${minute(acknowledgement.at)}: ${acknowledgement.reason}`
    return [
      ...whatCame(refusal, width - 10).map((text, nth) =>
        style(tone, printable(`${nth === 0 ? 'Refused   ' : '          '}${text}`)),
      ),
      printable(`          ${sent}, refusal ${refusal.id}`),
      printable(`          ${state}`),
    ]
  })
}

function whatCame({ code, filename, recorded, given }: Refusal, width: number): string[] {
  if (code === 'more-differs') return ['more other content than is listed']
  if (code === 'after-seal') return [`${filename}, after the seal`, `sha256 ${digestOf(given)} came`]
  if (filename === null) return ['another declaration', ...declarationLines(recorded, given, width)]
  return [filename, `sha256 ${digestOf(given)} came`, `sha256 ${digestOf(recorded)} is recorded`]
}

function digestOf(content: unknown): string {
  const { sha256 } = (content ?? {}) as { sha256?: unknown }
  return typeof sha256 === 'string' ? sha256 : 'not known'
}

/** How it is known what base the modules were built on. */
const sources: Readonly<Record<Exclude<OriginSource, 'found'>, string>> = {
  own: 'the kernel in the build',
  stated: 'the kernel that it is built for',
  stamp: 'as the stamp in the modules says',
}

function originOf({ origin }: Build): string {
  if (origin === null) return 'not known'
  const base = `base ${origin.base.sha256.slice(0, 12)}…`
  return origin.source === 'found'
    ? `not known; of the stream’s bases ${base} alone fits`
    : `${base} (${sources[origin.source]})`
}

function problemLine({ code, message, file }: ArtifactProblem): string {
  return printable(`${code}: ${message}${file === null ? '' : ` (${file})`}`)
}

/** Problems shown of each artifact. */
const problemsShown = 5

function artifactLines({ artifacts }: Build, style: TableOptions['style'], width: number): string[] {
  return artifacts.flatMap(({ filename, size, state, problems }) => {
    const tone: Tone = state === 'failed' ? 'bad' : 'faint'
    const head = `${clippedPath(filename, width - 24)}  ${bytes(size)}  ${style(tone, state)}`
    const shown = problems.slice(0, problemsShown).map((problem) => `    ${problemLine(problem)}`)
    const more = problems.length - shown.length
    return [head, ...shown, ...(more > 0 ? [`    and ${counted(more, 'more problem')}: --format json`] : [])]
  })
}
