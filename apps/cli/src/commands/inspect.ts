import type { Command } from 'commander'
import { exitCodes } from '../exit.js'
import type { Inspection } from '../inspect/inspect.js'
import { parseFormats, repeated } from '../output/formats.js'
import { clippedPath } from '../output/printable.js'
import { shownPath } from '../output/progress.js'

interface InspectOptions {
  readonly format?: string[]
}

/** `basedrift inspect`: what is in an artifact. Exit 2 where it holds neither kernel nor module, or several kernels. */
export function addInspect(program: Command, ended: (code: number) => void): void {
  program
    .command('inspect')
    .description('say what is in artifacts: kernel, config, BTF counts, modules')
    .argument(
      '<files...>',
      'raw BTF, vmlinux, vmlinuz, modules, .deb, .rpm, tar, initramfs images or directories',
    )
    .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated)
    .addHelpText('after', '\nWith several files, json is an array of what it is for one.')
    .action(async (files: string[], options: InspectOptions) => {
      const choices = parseFormats(options.format ?? [], ['table', 'json'])
      const { inspect } = await import('../inspect/inspect.js')
      const { openByteProgress } = await import('../output/progress.js')
      const progress = await openByteProgress()
      const inspections: Inspection[] = []
      for (const file of files) {
        inspections.push(
          await inspect(file, (read, total) =>
            progress.update(`Reading ${clippedPath(file, shownPath)}`, read, total ?? read),
          ),
        )
        progress.stop()
      }
      const { inspectTable } = await import('../format/inspect-table.js')
      const { tableOptionsFor } = await import('../format/table-options.js')
      const { json, writeResult } = await import('../output/write.js')
      await writeResult(choices, (name, to) => {
        if (name === 'json') return json(inspections.length === 1 ? inspections[0] : inspections)
        return inspections.map((inspection) => inspectTable(inspection, tableOptionsFor(to))).join('\n')
      })
      const usable = inspections.every(
        ({ kernel, modules, problems }) =>
          (kernel !== undefined || modules !== undefined) &&
          !problems.some(({ code }) => code === 'kernel-ambiguous'),
      )
      ended(usable ? exitCodes.ok : exitCodes.error)
    })
}
