import { type BuildOrder, buildOrders } from '@basedrift/contract/client'
import { type Command, Option } from 'commander'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { parseFormats, repeated } from '../output/formats.js'
import { wholeNumber } from '../output/numbers.js'

interface BuildsOptions extends ServerOptions {
  readonly stream?: string
  readonly order?: BuildOrder
  readonly withdrawn?: boolean
  readonly limit: number
  readonly format?: string[]
}

/** Most builds that one call gives. */
const largestPage = 500

/** `basedrift builds`: the builds that are recorded, newest first. */
export function addBuilds(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('builds')
    .description('list builds, newest first')
    .option('--stream <name>', 'only of this stream')
    .addOption(
      new Option(
        '--order <by>',
        'by version, as those of one stream are, or by when they were declared',
      ).choices(buildOrders),
    )
    .option('--withdrawn', 'only those that were withdrawn')
    .option('--no-withdrawn', 'only those that were not')
    .option('--limit <n>', `how many (1 to ${largestPage})`, wholeNumber('--limit', 1, largestPage), 50)
    .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated)
  addServerOptions(command).action(async (options: BuildsOptions) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json'])
    const { stream, order, withdrawn, limit } = options
    if (order === 'version' && stream === undefined)
      throw new CliError('usage', 'Versions are ordered within a stream: name one with --stream.')
    const client = await openClient(options)
    const page = await client.listBuilds({ stream, order, withdrawn, limit })
    const { buildsTable } = await import('../format/builds-table.js')
    const { tableOptionsFor } = await import('../format/table-options.js')
    const { json, writeResult } = await import('../output/write.js')
    await writeResult(choices, (name, to) =>
      name === 'json' ? json(page) : buildsTable(page.items, tableOptionsFor(to)),
    )
    ended(exitCodes.ok)
  })
}
