import type { Client } from '@basedrift/contract'
import type { Command } from 'commander'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { exitCodes } from '../exit.js'
import { parseFormats, repeated } from '../output/formats.js'
import { wholeNumber } from '../output/numbers.js'

interface DecisionOptions extends ServerOptions {
  readonly format?: string[]
}

interface ListOptions extends DecisionOptions {
  readonly environment?: string
  readonly limit: number
}

/** Most entries that one call gives. */
const largestPage = 500

/** `basedrift decision`: what gates answered, and what was done with or against it. */
export function addDecision(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('decision')
    .description('show an answer of a gate as it was recorded; list answers, dry runs and broken glasses')
    .argument('<decision>', 'its id, as `basedrift gate` prints it')
    .option(
      '--format <format>',
      'table, json, junit or sarif, with =FILE to write to a file; repeatable',
      repeated,
    )
  addServerOptions(command).action(async (id: string, options: DecisionOptions) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json', 'junit', 'sarif'])
    const client = await openClient(options)
    const decision = await client.decision(id)
    const { decisionWriter } = await import('../format/decision.js')
    const { writeResult } = await import('../output/write.js')
    await writeResult(choices, decisionWriter(decision, options.server))
    ended(exitCodes.ok)
  })

  const list = (name: string, description: string): Command =>
    addServerOptions(
      command
        .command(name)
        .description(description)
        .option('--environment <name>', 'only of this environment')
        .option('--limit <n>', `how many (1 to ${largestPage})`, wholeNumber('--limit', 1, largestPage), 50)
        .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated),
    )

  list('list', 'what gates have decided, the latest first')
    .option('--build <build>', 'only of this build: its id, or version-release together with --stream')
    .option('--stream <name>', 'the stream that version-release is of')
    .action(async (options: ListOptions & { build?: string; stream?: string }) => {
      const choices = parseFormats(options.format ?? [], ['table', 'json'])
      const client = await openClient(options)
      const build = await idOf(client, options.build, options.stream)
      const { environment, limit } = options
      const page = await client.listDecisions({ build, environment, limit })
      const { decisionsTable } = await import('../format/decisions-table.js')
      const { tableOptionsFor } = await import('../format/table-options.js')
      const { json, writeResult } = await import('../output/write.js')
      await writeResult(choices, (format, to) =>
        format === 'json' ? json(page) : decisionsTable(page.items, tableOptionsFor(to)),
      )
      ended(exitCodes.ok)
    })

  list('uses', 'dry runs, and who published against a gate and why, the latest first')
    .option('--decision <id>', 'only of this answer')
    .action(async (options: ListOptions & { decision?: string }) => {
      const choices = parseFormats(options.format ?? [], ['table', 'json'])
      const client = await openClient(options)
      const { environment, decision, limit } = options
      const page = await client.listGateUses({ environment, decision, limit })
      const { usesTable } = await import('../format/decisions-table.js')
      const { tableOptionsFor } = await import('../format/table-options.js')
      const { json, writeResult } = await import('../output/write.js')
      await writeResult(choices, (format, to) =>
        format === 'json' ? json(page) : usesTable(page.items, tableOptionsFor(to)),
      )
      ended(exitCodes.ok)
    })
}

async function idOf(client: Client, name: string | undefined, stream: string | undefined) {
  if (name === undefined) return undefined
  const { buildIdOf } = await import('../client/builds.js')
  return buildIdOf(client, name, stream)
}
