import type { DiffRequest, DriftReport } from '@basedrift/check'
import type { Command } from 'commander'
import { exitCodes } from '../exit.js'
import { type Destination, note } from '../output/destination.js'
import { openOutputs, parseFormats, repeated } from '../output/formats.js'
import { clippedPath } from '../output/printable.js'
import { shownPath } from '../output/progress.js'

interface DiffOptions {
  readonly modulesA?: string[]
  readonly modulesB?: string[]
  readonly rules?: string
  readonly format?: string[]
}

type Format = 'table' | 'json' | 'html'

/**
 * `basedrift diff`: the drift between two kernels, offline. Exit 1 where their bases differ; else 2 where something cannot be
 * read, modules among it; else 0.
 */
export function addDiff(program: Command, ended: (code: number) => void): void {
  program
    .command('diff')
    .description('say what differs between the BTF of two kernels, and what that does to modules')
    .argument('<a>', 'a kernel: raw BTF, vmlinux, vmlinuz or a package; the modules in it are of this build')
    .argument('<b>', 'the other kernel, the newer one as a rule')
    .argument(
      '[modules...]',
      'modules of either build, each taken for that on whose base it shows to be built',
    )
    .option('--modules-a <file>', 'modules that were built with A; repeatable', repeated)
    .option('--modules-b <file>', 'modules that were built with B; repeatable', repeated)
    .option(
      '--rules <version>',
      'kernel version whose rules hold for both, with ,allow-mismatch or ,no-allow-mismatch',
    )
    .option('--format <format>', 'table, json or html, with =FILE to write to a file; repeatable', repeated)
    .addHelpText(
      'after',
      '\nExit: 1 the bases differ; else 2 something cannot be read, modules among it, or bad usage; else 0.\n' +
        'What becomes of the modules does not change it: see check.',
    )
    .action(async (a: string, b: string, modules: string[], options: DiffOptions) => {
      const choices = parseFormats<Format>(options.format ?? [], ['table', 'json', 'html'])
      const { diffKernels } = await import('@basedrift/check')
      const { parseRules } = await import('@basedrift/btf')
      const request: DiffRequest = {
        ...{ a, b, modules, modulesOfA: options.modulesA ?? [], modulesOfB: options.modulesB ?? [] },
        rules: options.rules === undefined ? null : parseRules(options.rules),
      }
      const outputs = openOutputs(choices)
      try {
        const { openByteProgress } = await import('../output/progress.js')
        const progress = await openByteProgress()
        const { report, notes, unread } = await diffKernels(request, {
          onProgress: ({ path, bytes, total }) =>
            progress.update(`Reading ${clippedPath(path, shownPath)}`, bytes, total ?? bytes),
        }).finally(() => progress.stop())
        const { printable } = await import('../output/printable.js')
        for (const { name, to } of outputs) await to.write(await textOf(report, name, to))
        for (const text of notes) note(printable(`Note: ${text}`))
        if (outputs.every(({ to }) => to.path !== null))
          note(printable(`${report.class}: ${report.headline}`))
        if (report.class !== 'none') ended(exitCodes.bad)
        else ended(unread ? exitCodes.error : exitCodes.ok)
      } finally {
        for (const { to } of outputs) to.close()
      }
    })
}

async function textOf(report: DriftReport, format: Format, to: Destination): Promise<string> {
  switch (format) {
    case 'json': {
      const { json } = await import('../output/write.js')
      return json(report)
    }
    case 'html': {
      const { driftHtml } = await import('../format/drift-html.js')
      return driftHtml(report)
    }
    case 'table': {
      const { driftTable } = await import('../format/drift-table.js')
      const { tableOptionsFor } = await import('../format/table-options.js')
      return driftTable(report, tableOptionsFor(to))
    }
  }
}
