import type { Btf } from '@basedrift/btf'
import type { Command } from 'commander'
import type { FoundBtf } from '../dump/find.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { type Destination, note } from '../output/destination.js'
import { openOutputs, parseFormats, repeated } from '../output/formats.js'
import { printable } from '../output/printable.js'
import { count } from '../output/words.js'

interface DumpOptions {
  readonly base?: string
  readonly module?: string
  readonly kernelBtf?: boolean
  readonly format?: string[]
}

/** Characters that are written at once. */
const chunkLength = 1 << 18

/** `basedrift dump`: the types of a BTF, as `bpftool btf dump file FILE format raw` or `format c` prints them. */
export function addDump(program: Command, ended: (code: number) => void): void {
  program
    .command('dump')
    .description('print the types of a BTF as bpftool does')
    .argument('<file>', 'any form of kernel or module, or FILE!MEMBER for a member of a package')
    .option('--base <file>', 'the base BTF of a split BTF: any form of kernel')
    .option('--module <name>', 'the module of a package or directory that is meant')
    .option('--kernel-btf', 'the kernel of a package or directory is meant')
    .option(
      '--format <format>',
      'raw, or c for C that compiles; with =FILE to write to a file; repeatable',
      repeated,
    )
    .addHelpText(
      'after',
      '\nWithout --base, a module is read on its own distilled base, or on the kernel of the package that it is in.' +
        '\nAs C, all types of the base are printed too, since those of a module need them.',
    )
    .action(async (file: string, options: DumpOptions) => {
      const choices = parseFormats(options.format ?? [], ['raw', 'c'])
      if (options.module !== undefined && options.kernelBtf) {
        throw new CliError('usage', 'Give --module or --kernel-btf, not both.')
      }
      const { findBtf } = await import('../dump/find.js')
      const found = await findBtf(file, {
        ...(options.module === undefined ? {} : { module: options.module.replaceAll('-', '_') }),
        ...(options.kernelBtf ? { kernel: true } : {}),
        ...(options.base === undefined ? {} : { raw: 'module' }),
      })
      const base =
        options.base === undefined ? null : await findBtf(options.base, { kernel: true, raw: 'kernel' })
      if (base !== null) await sayIfOther(found, base)
      const btf = await readOn(found, base)
      const outputs = openOutputs(choices)
      try {
        for (const { name, to } of outputs) await writeDump(btf, name, to)
      } finally {
        for (const { to } of outputs) to.close()
      }
      ended(exitCodes.ok)
    })
}

async function readOn(found: FoundBtf, given: FoundBtf | null): Promise<Btf> {
  const { readBtf } = await import('@basedrift/btf')
  const distilled = found.module?.distilled
  const own = distilled != null && distilled.length > 0 ? distilled : found.packageBase
  const base = given?.btf ?? own
  if (base !== null) return readBtf(found.btf, readBtf(base))
  const alone = readBtf(found.btf)
  const isSplit = alone.looksSplit || (found.module !== null && alone.stringsLength === 0)
  if (!isSplit) return alone
  throw new CliError(
    'base-required',
    'This is a split BTF, which can only be read on the base BTF that it was built on: give that kernel with --base.',
    found.file,
  )
}

/** Says that a module shows by itself that it was built on another base than the one that was given: types then come out wrong. */
async function sayIfOther(found: FoundBtf, base: FoundBtf): Promise<void> {
  if (found.module === null || (found.module.distilled?.length ?? 0) > 0) return
  const { readBtf, recoverOriginLength } = await import('@basedrift/btf')
  const origin = recoverOriginLength(found.btf)
  const given = readBtf(base.btf).stringsLength
  if (origin === null || origin === given) return
  note(
    printable(
      `Note: ${found.file} was built on a base with ${count(origin)} bytes of strings, and that of ${base.file} has ${count(given)}: what is printed is what a kernel would misread.`,
    ),
  )
}

/** Writes a dump, one byte a character as names have it; on a terminal, what would steer it is escaped. */
async function writeDump(btf: Btf, format: 'raw' | 'c', to: Destination): Promise<void> {
  const { dumpC, dumpRaw } = await import('@basedrift/btf')
  let text = ''
  for (const type of format === 'c' ? dumpC(btf) : dumpRaw(btf)) {
    text += to.isTerminal ? shown(type) : type
    if (text.length < chunkLength) continue
    await to.write(Buffer.from(text, 'latin1'))
    text = ''
  }
  await to.write(Buffer.from(text, 'latin1'))
}

function shown(type: string): string {
  return type
    .split('\n')
    .map((line) => {
      const indent = /^\t*/.exec(line)![0]
      return indent + printable(line.slice(indent.length))
    })
    .join('\n')
}
