import type { Command } from 'commander'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'

interface StampOptions {
  readonly base: string
  readonly output?: string
}

/** `basedrift stamp`: writes into modules which base BTF they were built on. */
export function addStamp(program: Command, ended: (code: number) => void): void {
  program
    .command('stamp')
    .description('write into modules which base BTF they were built on')
    .argument('<modules...>', 'modules (.ko), before they are signed and compressed')
    .requiredOption('--base <file>', 'the kernel that they were built with: vmlinux, or any other form')
    .option(
      '-o, --output <path>',
      'a file, or a directory for several; without it modules are changed in place',
    )
    .addHelpText(
      'after',
      '\nThe stamp is an ELF note that kernels do not look at (docs/stamp.md). Modules without BTF stay as they are.',
    )
    .action(async (modules: string[], options: StampOptions) => {
      const { stampChange, writeSections } = await import('@basedrift/artifacts')
      const { readBaseFile, readOnOrigin } = await import('../rewrite/base-file.js')
      const { inFile, mustHavePlace, outputOf, readModuleFile } = await import('../rewrite/module-file.js')
      const { replaceTogether } = await import('../output/replace.js')
      const { standardOutput } = await import('../output/destination.js')
      const { count, counted } = await import('../output/words.js')
      await mustHavePlace(modules, options.output)
      const base = await readBaseFile(options.base)
      const stamp = { sha256: base.sha256, types: base.btf.typeCount, strings: base.btf.stringsLength }
      const stamped = await replaceTogether(async (put) => {
        let stamped = 0
        for (const path of modules) {
          const module = await readModuleFile(path)
          if (module.form === 'raw') {
            throw new CliError(
              'module-form',
              'Raw BTF has no place for a stamp; stamp the module (.ko).',
              path,
            )
          }
          if (module.btf === null) continue
          const { btf } = module
          const bytes = inFile(path, () => {
            const { littleEndian } = readOnOrigin(module, btf, base)
            return writeSections(module.bytes, [stampChange(stamp, littleEndian)])
          })
          await put(await outputOf(module, options.output), bytes, module.mode)
          stamped++
        }
        return stamped
      })
      const without = modules.length - stamped
      const left = without === 0 ? '' : `; ${counted(without, 'module')} without BTF left as they were`
      const size = `${count(stamp.types)} types, ${count(stamp.strings)} bytes of strings`
      await standardOutput().write(
        `Stamped ${counted(stamped, 'module')} with base ${stamp.sha256} (${size})${left}\n`,
      )
      ended(exitCodes.ok)
    })
}
