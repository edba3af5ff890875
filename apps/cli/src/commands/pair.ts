import type { Client, Verdict } from '@basedrift/contract'
import type { Command } from 'commander'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { type FormatChoice, parseFormats, repeated } from '../output/formats.js'
import { wholeNumber } from '../output/numbers.js'

interface PairOptions extends ServerOptions {
  readonly stream?: string
  readonly verdict?: string
  readonly module?: string
  readonly maxFindings?: number
  readonly format?: string[]
}

/** Findings of a module that a table shows unless it is told otherwise. */
const tableFindings = 5

type Format = 'table' | 'json' | 'ndjson'

/** Most findings of a module that one call gives. */
const mostFindings = 1000

/** `basedrift pair`: the modules of one build on the kernel of another, or all that is known of one of them. */
export function addPair(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('pair')
    .description('show the verdicts on the modules of one build on the kernel of another')
    .argument('<kernel>', 'the kernel build: its id, or version-release together with --stream')
    .argument('<modules>', 'the module build, likewise')
    .option('--stream <name>', 'the stream that version-release is of')
    .option('--verdict <verdict>', 'only modules with this verdict')
    .option('--module <name>', 'all that is known of this one module')
    .option(
      '--max-findings <n>',
      `references, and changed types, that are listed of each module (0 to ${mostFindings}); by default 20`,
      wholeNumber('--max-findings', 0, mostFindings),
    )
    .option('--format <format>', 'table, json or ndjson, with =FILE to write to a file; repeatable', repeated)
  addServerOptions(command).action(async (kernel: string, modules: string, options: PairOptions) => {
    const choices = parseFormats<Format>(options.format ?? [], ['table', 'json', 'ndjson'])
    const verdict = options.verdict === undefined ? undefined : await verdictOf(options.verdict)
    if (verdict !== undefined && options.module !== undefined) {
      throw new CliError('usage', 'A module has one verdict: give --module or --verdict, not both.')
    }
    const client = await openClient(options)
    const { buildIdOf } = await import('../client/builds.js')
    const kernelId = await buildIdOf(client, kernel, options.stream)
    const moduleId = await buildIdOf(client, modules, options.stream)
    const { maxFindings } = options
    if (options.module === undefined)
      await showPair(client, kernelId, moduleId, { verdict, maxFindings }, choices)
    else
      await showModule(
        client,
        { kernelId, moduleId, name: options.module.replaceAll('-', '_') },
        maxFindings,
        choices,
      )
    ended(exitCodes.ok)
  })
}

async function verdictOf(text: string): Promise<Verdict> {
  const { verdicts } = await import('@basedrift/contract/client')
  const verdict = verdicts.find((known) => known === text)
  if (verdict === undefined) {
    throw new CliError(
      'usage',
      `There is no verdict "${text}"; there are ${verdicts.join(', ')}.`,
      '--verdict',
    )
  }
  return verdict
}

async function showPair(
  client: Client,
  kernelId: string,
  moduleId: string,
  filter: { verdict: Verdict | undefined; maxFindings: number | undefined },
  choices: readonly FormatChoice<Format>[],
): Promise<void> {
  const { wholePair } = await import('../client/whole.js')
  const pair = await wholePair(client, kernelId, moduleId, {
    ...filter,
    // A table is for a first look.
    ...(choices.every(({ name }) => name === 'table')
      ? { maxFindings: filter.maxFindings ?? tableFindings }
      : {}),
  })
  const { pairTable } = await import('../format/pair-table.js')
  const { ndjson } = await import('../format/ndjson.js')
  const { tableOptionsFor } = await import('../format/table-options.js')
  const { json, writeResult } = await import('../output/write.js')
  await writeResult(choices, (format, to) => {
    if (format === 'json') return json(pair)
    if (format === 'table') return pairTable(pair, tableOptionsFor(to))
    const total = Object.values(pair.counts).reduce((sum, count) => sum + count, 0)
    return ndjson(pair.rows, { total, ...pair.counts })
  })
}

async function showModule(
  client: Client,
  { kernelId, moduleId, name }: { kernelId: string; moduleId: string; name: string },
  maxFindings: number | undefined,
  choices: readonly FormatChoice<Format>[],
): Promise<void> {
  const explanation = await client.pairModule(kernelId, moduleId, name, { maxFindings })
  const { explanationTable } = await import('../format/pair-table.js')
  const { tableOptionsFor } = await import('../format/table-options.js')
  const { json, writeResult } = await import('../output/write.js')
  await writeResult(choices, (format, to) => {
    if (format === 'json') return json(explanation)
    return format === 'ndjson'
      ? `${JSON.stringify(explanation.result)}\n`
      : explanationTable(explanation, tableOptionsFor(to))
  })
}
