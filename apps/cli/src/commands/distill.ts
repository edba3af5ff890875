import type { Command } from 'commander'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'

interface DistillOptions {
  readonly origin: string
  readonly output?: string
}

/** `basedrift distill`: gives modules a base of their own, which kernels from 6.11 on map to theirs by names. */
export function addDistill(program: Command, ended: (code: number) => void): void {
  program
    .command('distill')
    .description('give modules a .BTF.base, by which kernels from 6.11 on relocate their BTF')
    .argument('<modules...>', 'modules (.ko), before they are signed and compressed, or raw BTF')
    .requiredOption('--origin <file>', 'the kernel that they were built with: vmlinux, or any other form')
    .option(
      '-o, --output <path>',
      'a file, or a directory for several; without it modules are changed in place',
    )
    .addHelpText(
      'after',
      '\nRaw BTF gets its base beside it, as NAME.base. Modules without BTF stay as they are.',
    )
    .action(async (modules: string[], options: DistillOptions) => {
      const { distill } = await import('@basedrift/btf')
      const { readBaseFile, readOnOrigin } = await import('../rewrite/base-file.js')
      const { mustRelocate } = await import('../rewrite/read-back.js')
      const { inFile, mustHavePlace, outputOf, readModuleFile } = await import('../rewrite/module-file.js')
      const { idsNamed, putRewritten } = await import('../rewrite/rewritten.js')
      const { replaceTogether } = await import('../output/replace.js')
      const { note, standardOutput } = await import('../output/destination.js')
      const { printable } = await import('../output/printable.js')
      const { counted } = await import('../output/words.js')
      await mustHavePlace(modules, options.output)
      const origin = await readBaseFile(options.origin)
      const written = await replaceTogether(async (put) => {
        let written = 0
        for (const path of modules) {
          const module = await readModuleFile(path)
          const { btf } = module
          if (btf === null) continue
          const to = await outputOf(module, options.output)
          const distilled = inFile(path, () => {
            const made = distill(readOnOrigin(module, btf, origin))
            mustRelocate(module, made, origin)
            return made
          })
          const { ids } = distilled
          if (idsNamed(module).some((id) => id >= ids.length))
            throw new CliError('origin-contradicts', 'Its .BTF_ids has ids beyond its types.', path)
          const lost = new Set(idsNamed(module).filter((id) => ids[id] === 0)).size
          if (lost > 0) {
            const what = `${counted(lost, 'id')} of its .BTF_ids named what its BTF does not refer to, and became 0`
            note(printable(`${path}: ${what}; the kernel does not relocate such ids.`))
          }
          await putRewritten(put, module, to, { ...distilled, stamp: null })
          written++
        }
        return written
      })
      const without = modules.length - written
      const left = without === 0 ? '' : `; ${counted(without, 'module')} without BTF left as they were`
      await standardOutput().write(`Distilled ${counted(written, 'module')}${left}\n`)
      ended(exitCodes.ok)
    })
}
