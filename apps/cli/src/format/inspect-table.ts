import type { InspectedKernel, InspectedModule, Inspection } from '../inspect/inspect.js'
import { cell, columns } from '../output/columns.js'
import { clipped, clippedPath, printable } from '../output/printable.js'
import { bytes, count, counted } from '../output/words.js'
import type { TableOptions } from './table-options.js'

/** Modules and problems that are shown of each artifact. */
const shown = 12

/** What is in an artifact, for people. */
export function inspectTable(inspection: Inspection, { style, width }: TableOptions): string {
  const { file, sha256, size, kind, kernel, modules = [], problems } = inspection
  const lines = [
    style('strong', clippedPath(file, width)),
    `Kind     ${printable(kind)}${size === null ? '' : `, ${bytes(size)}`}${sha256 === null ? '' : `, sha256 ${sha256.slice(0, 12)}…`}`,
  ]
  if (kernel !== undefined) lines.push(...kernelLines(kernel))
  if (modules.length > 0) lines.push(...modulesLines(modules, style))
  for (const { code, file: where, at, message } of problems.slice(0, shown)) {
    const place = at === null ? where : `${where}, ${at}`
    lines.push(`${style('bad', 'Problem')}  ${printable(`${code}: ${message} (${place})`)}`)
  }
  if (problems.length > shown)
    lines.push(`         and ${counted(problems.length - shown, 'more problem')}: --format json`)
  if (kernel === undefined && modules.length === 0) lines.push('It holds no kernel and no module.')
  return `${lines.join('\n')}\n`
}

/** A fact of the config: yes, no, or not known. */
function told(value: boolean | null): string {
  if (value === null) return 'not known'
  return value ? 'yes' : 'no'
}

function kernelLines({ release, version, config, base, buildId }: InspectedKernel): string[] {
  const lines = [
    `Kernel   ${printable(release ?? 'release not known')}, version ${printable(version ?? 'not known')}`,
  ]
  if (buildId !== null) lines.push(`         build id ${printable(buildId)}`)
  if (base === null) lines.push('Base     it has no BTF that can be read')
  else {
    lines.push(
      `Base     ${counted(base.types, 'type')}, ${count(base.strings)} bytes of strings, sha256 ${base.sha256}`,
    )
    if (base.fingerprints !== null) {
      const { layout, meaning } = base.fingerprints
      lines.push(`         layout ${layout.slice(0, 16)}…, meaning ${meaning.slice(0, 16)}…`)
    }
  }
  if (config === null) return [...lines, 'Config   not known']
  lines.push(
    `Config   BTF of modules: ${told(config.btfModules)}; BTF mismatch allowed: ${told(config.allowBtfMismatch)}`,
    `         modversions: ${told(config.modversions)}; modules may be loaded by force: ${told(config.forceLoad)}`,
  )
  const tools = [config.compiler, config.pahole === null ? null : `pahole ${config.pahole}`].filter(
    (tool) => tool !== null,
  )
  if (tools.length > 0) lines.push(`         ${printable(tools.join('; '))}`)
  return lines
}

function modulesLines(modules: readonly InspectedModule[], style: TableOptions['style']): string[] {
  const withBtf = modules.filter(({ btf }) => btf !== null)
  const distilled = modules.filter((module) => module.distilled !== null).length
  const lines = [
    `Modules  ${count(modules.length)}, ${count(withBtf.length)} with BTF, ${count(distilled)} with a distilled base`,
  ]
  const origins = new Map<number | null, number>()
  for (const { btf } of withBtf) origins.set(btf!.originStrings, (origins.get(btf!.originStrings) ?? 0) + 1)
  for (const [strings, many] of [...origins].sort((a, b) => b[1] - a[1]).slice(0, shown)) {
    const base =
      strings === null ? 'a base that they do not tell' : `a base with ${count(strings)} bytes of strings`
    lines.push(`         ${count(many)} built on ${base}`)
  }
  const stamps = new Map<string, number>()
  for (const { btf } of withBtf) {
    if (btf!.stamp !== null) stamps.set(btf!.stamp.sha256, (stamps.get(btf!.stamp.sha256) ?? 0) + 1)
  }
  for (const [sha256, many] of [...stamps].sort((a, b) => b[1] - a[1]).slice(0, shown))
    lines.push(`         ${count(many)} stamped with base ${sha256.slice(0, 12)}…`)
  const head = ['name', 'BTF', 'types', 'strings', 'distilled'].map((title) =>
    cell(title, (text) => style('faint', text)),
  )
  const rows = modules
    .slice(0, shown)
    .map(({ name, btf, distilled: own }) => [
      cell(clipped(name, 32)),
      cell(btf === null ? 'none' : bytes(btf.bytes)),
      cell(btf?.types == null ? '-' : count(btf.types)),
      cell(btf?.strings == null ? '-' : count(btf.strings)),
      cell(own === null ? '-' : bytes(own.bytes)),
    ])
  lines.push(...columns([head, ...rows], ['left', 'right', 'right', 'right', 'right'], '         '))
  if (modules.length > shown)
    lines.push(`         and ${counted(modules.length - shown, 'more module')}: --format json`)
  return lines
}
