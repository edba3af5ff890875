import { type BuildOrder, buildOrders } from '@basedrift/contract/client'
import { type Command, Option } from 'commander'
import { addShowOptions, limitOption, openShow, type ShowOptions } from '../client/show.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'

interface BuildsOptions extends ShowOptions {
  readonly stream?: string
  readonly order?: BuildOrder
  readonly withdrawn?: boolean
  readonly limit: number
}

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
    .addOption(limitOption())
  addShowOptions(command).action(async (options: BuildsOptions) => {
    const { stream, order, withdrawn, limit } = options
    if (order === 'version' && stream === undefined)
      throw new CliError('usage', 'Versions are ordered within a stream: name one with --stream.')
    const { client, show } = await openShow(options)
    const page = await client.listBuilds({ stream, order, withdrawn, limit })
    const { buildsTable } = await import('../format/builds-table.js')
    await show(page, (to) => buildsTable(page.items, to))
    ended(exitCodes.ok)
  })
}
