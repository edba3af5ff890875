import type { Command } from 'commander'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { exitCodes } from '../exit.js'
import { parseFormats, repeated } from '../output/formats.js'

interface BuildOptions extends ServerOptions {
  readonly stream?: string
  readonly format?: string[]
}

/** `basedrift build`: one build, how far it has come, and what of it could not be used. */
export function addBuild(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('build')
    .description('show one build')
    .argument('<build>', 'its id, or version-release together with --stream')
    .option('--stream <name>', 'the stream that version-release is of')
    .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated)
  addServerOptions(command).action(async (name: string, options: BuildOptions) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json'])
    const client = await openClient(options)
    const { buildIdOf } = await import('../client/builds.js')
    const build = await client.getBuild(await buildIdOf(client, name, options.stream))
    const { buildTable } = await import('../format/builds-table.js')
    const { tableOptionsFor } = await import('../format/table-options.js')
    const { json, writeResult } = await import('../output/write.js')
    await writeResult(choices, (format, to) =>
      format === 'json' ? json(build) : buildTable(build, tableOptionsFor(to)),
    )
    ended(exitCodes.ok)
  })
}
