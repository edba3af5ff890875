import type { Command } from 'commander'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import type { RebaseOutcome } from '../format/rebase-table.js'
import { parseFormats, repeated } from '../output/formats.js'

interface RebaseOptions {
  readonly origin: string
  readonly onto: string
  readonly output?: string
  readonly format?: string[]
}

/** `basedrift rebase`: gives modules a BTF for another base. Exit 1 where types stand in the way of one. */
export function addRebase(program: Command, ended: (code: number) => void): void {
  program
    .command('rebase')
    .description('give modules a BTF for another base, or say which types stand in the way')
    .argument('<modules...>', 'modules (.ko), before they are signed and compressed, or raw BTF')
    .requiredOption('--origin <file>', 'the kernel that they were built with: vmlinux, or any other form')
    .requiredOption('--onto <file>', 'the kernel that they are to fit')
    .option(
      '-o, --output <path>',
      'a file, or a directory for several; without it modules are changed in place',
    )
    .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated)
    .addHelpText(
      'after',
      '\nOnly BTF is changed: whether symbols and their versions fit is for `check` to say. Modules without BTF stay as they are.',
    )
    .action(async (modules: string[], options: RebaseOptions) => {
      const choices = parseFormats(options.format ?? [], ['table', 'json'])
      const { Rebaser } = await import('@basedrift/btf')
      const { readBaseFile, readOnOrigin } = await import('../rewrite/base-file.js')
      const { mustMeanTheSame } = await import('../rewrite/read-back.js')
      const { inFile, mustHavePlace, outputOf, readModuleFile } = await import('../rewrite/module-file.js')
      const { idsNamed, putRewritten } = await import('../rewrite/rewritten.js')
      const { replaceTogether } = await import('../output/replace.js')
      const { rebaseTable } = await import('../format/rebase-table.js')
      const { json, writeResult } = await import('../output/write.js')
      await mustHavePlace(modules, options.output)
      const [origin, target] = [await readBaseFile(options.origin), await readBaseFile(options.onto)]
      const rebaser = new Rebaser(origin.btf, target.btf)
      const stamp = { sha256: target.sha256, types: target.btf.typeCount, strings: target.btf.stringsLength }
      const outcomes = await replaceTogether(async (put) => {
        const outcomes: RebaseOutcome[] = []
        for (const path of modules) {
          const module = await readModuleFile(path)
          const { btf, name } = module
          const outcome = { name, file: path, output: null, appended: 0, obstacles: [] }
          if (btf === null) {
            outcomes.push(outcome)
            continue
          }
          const to = await outputOf(module, options.output)
          const rebased = inFile(path, () => {
            const split = readOnOrigin(module, btf, origin)
            if (idsNamed(module).some((id) => !split.has(id)))
              throw new CliError('origin-contradicts', 'Its .BTF_ids has ids beyond its types.', path)
            const made = rebaser.rebase(split, idsNamed(module))
            if ('btf' in made) mustMeanTheSame(module, split, made, rebaser, target)
            return made
          })
          if ('obstacles' in rebased) outcomes.push({ ...outcome, obstacles: rebased.obstacles })
          else {
            await putRewritten(put, module, to, { ...rebased, base: null, stamp })
            outcomes.push({ ...outcome, output: to, appended: rebased.appended })
          }
        }
        return outcomes
      })
      await writeResult(choices, (format) => (format === 'json' ? json(outcomes) : rebaseTable(outcomes)))
      const obstructed = outcomes.filter(({ obstacles }) => obstacles.length > 0).length
      ended(obstructed === 0 ? exitCodes.ok : exitCodes.bad)
    })
}
