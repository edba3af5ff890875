import type { CheckResult } from '@basedrift/check'
import type { Command } from 'commander'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import type { Destination } from '../output/destination.js'
import { note } from '../output/destination.js'
import { type Output, openOutputs, parseFormats, repeated } from '../output/formats.js'
import { wholeNumber } from '../output/numbers.js'
import { clippedPath, printable } from '../output/printable.js'
import { shownPath } from '../output/progress.js'

interface CheckOptions {
  readonly kernel?: string[]
  readonly running?: boolean
  readonly root?: string
  readonly origin?: string
  readonly rules?: string
  readonly maxFindings: number
  readonly format?: string[]
}

type Format = 'table' | 'json' | 'ndjson' | 'junit' | 'sarif'

/** Most findings that can be asked for of each module. */
const mostFindings = 1_000_000

/** `basedrift check`: the verdicts on modules on the kernels of some inputs, or on this machine, offline. */
export function addCheck(program: Command, ended: (code: number) => void): void {
  program
    .command('check')
    .description('say what a kernel does with the BTF of modules, and why')
    .argument('[modules...]', 'modules, or packages, initramfs images or directories with modules')
    .option(
      '--kernel <file>',
      'the running kernel: raw BTF, vmlinux, vmlinuz or a package that holds one; repeatable',
      repeated,
    )
    .option('--running', 'this machine: the kernel that it runs, its modules and its initramfs image')
    .option('--root <dir>', 'with --running, the directory that stands for /')
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
    .option(
      '--format <format>',
      'table, json, ndjson, junit or sarif, with =FILE to write to a file; repeatable',
      repeated,
    )
    .addHelpText(
      'after',
      '\nWith --running, a kernel or modules that are given take the place of those of this machine.' +
        '\nWith several kernels every module is checked on each: json has { engine, checks, summary }, and each line of' +
        '\nndjson names its kernel.' +
        '\nExit: 0 all fit, 1 a module does not, 2 bad usage or something cannot be read, 3 the evidence does not decide, as' +
        '\nwhere a module imports what nothing known exports.',
    )
    .action(async (modules: string[], options: CheckOptions) => {
      const choices = parseFormats<Format>(options.format ?? [], [
        'table',
        'json',
        'ndjson',
        'junit',
        'sarif',
      ])
      const kernels = [...new Set(options.kernel ?? [])]
      checkUsage(kernels, modules, options)
      const { checkMachine, checkOnKernels, exitCodeOf } = await import('@basedrift/check')
      const { parseRules } = await import('@basedrift/btf')
      const { origin, rules, maxFindings, root } = options
      const request = {
        modules,
        maxFindings,
        ...(origin === undefined ? {} : { origin }),
        ...(rules === undefined ? {} : { rules: parseRules(rules) }),
      }
      const machine = {
        ...request,
        ...(root === undefined ? {} : { root }),
        ...(kernels[0] === undefined ? {} : { kernel: kernels[0] }),
      }
      const outputs = openOutputs(choices)
      try {
        const { openByteProgress } = await import('../output/progress.js')
        const progress = await openByteProgress()
        const read = {
          onProgress: ({ path, bytes, total }: { path: string; bytes: number; total: number | null }) =>
            progress.update(`Reading ${clippedPath(path, shownPath)}`, bytes, total ?? bytes),
        }
        const checking = options.running
          ? checkMachine(machine, read).then((result) => [result])
          : checkOnKernels({ ...request, kernels }, read)
        const results = await checking
          .finally(() => progress.stop())
          .catch(async (error: unknown) => {
            await writeError(outputs, error)
            throw error
          })
        for (const { name, to } of outputs) await to.write(await textOf(results, name, to))
        if (outputs.every(({ to }) => to.path !== null)) await sayHeadline(results)
        const code = exitCodeOf(results.flatMap((result) => result.modules))
        const unread = results.some(({ kernel }) => kernel.problems !== undefined)
        ended(unread && code !== exitCodes.bad ? exitCodes.error : code)
      } finally {
        for (const { to } of outputs) to.close()
      }
    })
}

/** @throws CliError `usage` */
function checkUsage(kernels: readonly string[], modules: readonly string[], options: CheckOptions): void {
  const { running = false, root } = options
  if (!running && kernels.length === 0)
    throw new CliError('usage', 'Give a kernel with --kernel, or --running for this machine.', '--kernel')
  if (!running && modules.length === 0) throw new CliError('usage', 'Give modules to check.', 'modules')
  if (!running && root !== undefined) throw new CliError('usage', 'Give --root with --running.', '--root')
  if (running && kernels.length > 1)
    throw new CliError('usage', 'Give one kernel at most with --running.', '--kernel')
}

async function textOf(results: readonly CheckResult[], format: Format, to: Destination): Promise<string> {
  const { severalJson, severalNdjson, severalTables } = await import('../format/several.js')
  const [only] = results
  const one = results.length === 1 && only !== undefined ? only : null
  switch (format) {
    case 'json': {
      const { json } = await import('../output/write.js')
      return json(one ?? severalJson(results))
    }
    case 'ndjson': {
      const { ndjson } = await import('../format/ndjson.js')
      return one === null ? severalNdjson(results) : ndjson(one.modules, one.summary)
    }
    case 'junit': {
      const { checkJunit } = await import('../format/check-junit.js')
      return checkJunit(results)
    }
    case 'sarif': {
      const { checkSarif } = await import('../format/check-sarif.js')
      const { json } = await import('../output/write.js')
      return json(checkSarif(results))
    }
    case 'table': {
      const { checkTable } = await import('../format/check-table.js')
      const { tableOptionsFor } = await import('../format/table-options.js')
      const options = tableOptionsFor(to)
      return one === null ? severalTables(results, options) : checkTable(one, options)
    }
  }
}

/** What readers of reports see where there is no result: no report at all may look like a pass. */
async function writeError(outputs: readonly Output<Format>[], error: unknown): Promise<void> {
  const { reportOf } = await import('../errors.js')
  const { checkErrorJunit } = await import('../format/check-junit.js')
  const { errorSarif } = await import('../format/sarif.js')
  const { json } = await import('../output/write.js')
  const report = reportOf(error)
  for (const { name, to } of outputs) {
    if (name === 'junit') await to.write(checkErrorJunit(report))
    if (name === 'sarif') await to.write(json(errorSarif(report)))
  }
}

/** Where every result goes to a file, one sentence is said all the same. */
async function sayHeadline(results: readonly CheckResult[]): Promise<void> {
  const { headline } = await import('../format/verdict-words.js')
  const { missingSummary } = await import('../format/load-words.js')
  for (const { kernel, summary, modules } of results) {
    const missing = missingSummary(modules)
    const sentence = `${headline(summary, summary.total)}${missing === null ? '' : ` ${printable(missing)}`}`
    note(results.length === 1 ? sentence : `${kernel.file}: ${sentence}`)
  }
}
