import type { Stream } from '@basedrift/contract'
import type { Command } from 'commander'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { exitCodes } from '../exit.js'
import { parseFormats, repeated } from '../output/formats.js'

interface StreamsOptions extends ServerOptions {
  readonly format?: string[]
}

/** Streams asked for at once. */
const pageSize = 500

/** `basedrift streams`: the streams that are recorded, by name. */
export function addStreams(program: Command, ended: (code: number) => void): void {
  const command = program
    .command('streams')
    .description('list the streams that builds were declared in')
    .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated)
  addServerOptions(command).action(async (options: StreamsOptions) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json'])
    const client = await openClient(options)
    const items: Stream[] = []
    let cursor: string | undefined
    do {
      const page = await client.listStreams({ cursor, limit: pageSize })
      items.push(...page.items)
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    const { printable } = await import('../output/printable.js')
    const { json, writeResult } = await import('../output/write.js')
    await writeResult(choices, (name) => {
      if (name === 'json') return json({ items, next: null })
      if (items.length === 0) return 'There are no streams yet: the first build of one makes it.\n'
      return items.map((stream) => `${printable(stream.name)}\n`).join('')
    })
    ended(exitCodes.ok)
  })
}
