import type { Client } from '@basedrift/contract'
import type { Command } from 'commander'
import { addServerOptions, openClient } from '../client/server.js'
import { addShowOptions, limitOption, openShow, type ShowOptions } from '../client/show.js'
import { exitCodes } from '../exit.js'
import { parseFormats, repeated } from '../output/formats.js'

interface ListOptions extends ShowOptions {
  readonly environment?: string
  readonly limit: number
}

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
  addServerOptions(command).action(async (id: string, options: ShowOptions) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json', 'junit', 'sarif'])
    const client = await openClient(options)
    const decision = await client.decision(id)
    const { decisionWriter } = await import('../format/decision.js')
    const { writeResult } = await import('../output/write.js')
    await writeResult(choices, decisionWriter(decision, options.server))
    ended(exitCodes.ok)
  })

  const list = (name: string, description: string): Command =>
    addShowOptions(
      command
        .command(name)
        .description(description)
        .option('--environment <name>', 'only of this environment')
        .addOption(limitOption()),
    )

  list('list', 'what gates have decided, the latest first')
    .option('--build <build>', 'only of this build: its id, or version-release together with --stream')
    .option('--stream <name>', 'the stream that version-release is of')
    .action(async (options: ListOptions & { build?: string; stream?: string }) => {
      const { client, show } = await openShow(options)
      const build = await idOf(client, options.build, options.stream)
      const { environment, limit } = options
      const page = await client.listDecisions({ build, environment, limit })
      const { decisionsTable } = await import('../format/decisions-table.js')
      await show(page, (to) => decisionsTable(page.items, to))
      ended(exitCodes.ok)
    })

  list('uses', 'dry runs, and who published against a gate and why, the latest first')
    .option('--decision <id>', 'only of this answer')
    .action(async (options: ListOptions & { decision?: string }) => {
      const { client, show } = await openShow(options)
      const { environment, decision, limit } = options
      const page = await client.listGateUses({ environment, decision, limit })
      const { usesTable } = await import('../format/decisions-table.js')
      await show(page, (to) => usesTable(page.items, to))
      ended(exitCodes.ok)
    })
}

async function idOf(client: Client, name: string | undefined, stream: string | undefined) {
  if (name === undefined) return undefined
  const { buildIdOf } = await import('../client/builds.js')
  return buildIdOf(client, name, stream)
}
