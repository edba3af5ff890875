import type { CheckResult } from '@basedrift/check'
import type { Command } from 'commander'
import type { Destination } from '../output/destination.js'
import { note } from '../output/destination.js'
import { openOutputs, parseFormats, repeated } from '../output/formats.js'
import { wholeNumber } from '../output/numbers.js'

interface CheckOptions {
  readonly kernel: string
  readonly origin?: string
  readonly rules?: string
  readonly maxFindings: number
  readonly format?: string[]
}

type Format = 'table' | 'json' | 'ndjson'

/** Most findings that can be asked for of each module. */
const mostFindings = 1_000_000

/** `basedrift check`: the verdicts on modules on the kernel of one input, offline. */
export function addCheck(program: Command, ended: (code: number) => void): void {
  program
    .command('check')
    .description('say what a kernel does with the BTF of modules, and why')
    .argument('<modules...>', 'modules, or packages, initramfs images or directories with modules')
    .requiredOption(
      '--kernel <file>',
      'the running kernel: raw BTF, vmlinux, vmlinuz or a package that holds one',
    )
    .option(
      '--origin <file>',
      'the kernel that the modules were built on, where their own package does not hold it',
    )
    .option(
      '--rules <version>',
      'kernel version whose rules hold, with ,allow-mismatch or ,no-allow-mismatch',
    )
    .option(
      '--max-findings <n>',
      'references, or changed types, listed of each module',
      wholeNumber('--max-findings', 0, mostFindings),
      20,
    )
    .option('--format <format>', 'table, json or ndjson, with =FILE to write to a file; repeatable', repeated)
    .addHelpText(
      'after',
      '\nExit: 0 all fit, 1 a module does not, 2 bad usage or something cannot be read, 3 the evidence does not decide.',
    )
    .action(async (modules: string[], options: CheckOptions) => {
      const choices = parseFormats<Format>(options.format ?? [], ['table', 'json', 'ndjson'])
      const { checkKernelAndModules, exitCodeOf } = await import('@basedrift/check')
      const { parseRules } = await import('@basedrift/btf')
      const { kernel, origin, rules, maxFindings } = options
      const request = {
        kernel,
        modules,
        maxFindings,
        ...(origin === undefined ? {} : { origin }),
        ...(rules === undefined ? {} : { rules: parseRules(rules) }),
      }
      const outputs = openOutputs(choices)
      try {
        const { openByteProgress } = await import('../output/progress.js')
        const progress = await openByteProgress()
        const result = await checkKernelAndModules(request, {
          onProgress: ({ path, bytes, total }) => progress.update(`Reading ${path}`, bytes, total ?? bytes),
        }).finally(() => progress.stop())
        for (const { name, to } of outputs) await to.write(await textOf(result, name, to))
        if (outputs.every(({ to }) => to.path !== null)) await sayHeadline(result)
        ended(exitCodeOf(result.modules))
      } finally {
        for (const { to } of outputs) to.close()
      }
    })
}

async function textOf(result: CheckResult, format: Format, to: Destination): Promise<string> {
  switch (format) {
    case 'json': {
      const { json } = await import('../output/write.js')
      return json(result)
    }
    case 'ndjson': {
      const { ndjson } = await import('../format/ndjson.js')
      return ndjson(result.modules, result.summary)
    }
    case 'table': {
      const { checkTable } = await import('../format/check-table.js')
      const { tableOptionsFor } = await import('../format/table-options.js')
      return checkTable(result, tableOptionsFor(to))
    }
  }
}

/** Where every result goes to a file, one sentence is said all the same. */
async function sayHeadline({ summary }: CheckResult): Promise<void> {
  const { headline } = await import('../format/verdict-words.js')
  note(headline(summary, summary.total))
}
