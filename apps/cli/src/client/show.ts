import type { Client } from '@basedrift/contract'
import { type Command, Option } from 'commander'
import type { TableOptions } from '../format/table-options.js'
import { parseFormats, repeated } from '../output/formats.js'
import { wholeNumber } from '../output/numbers.js'
import { addServerOptions, openClient, type ServerOptions } from './server.js'

/** What a client command that shows something can be told. */
export interface ShowOptions extends ServerOptions {
  readonly format?: string[]
}

/** Adds `--format` for a table or JSON, `--server` and `--token` to a client command. */
export function addShowOptions(command: Command): Command {
  return addServerOptions(
    command.option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated),
  )
}

/** Most entries of a list that one call gives. */
const largestPage = 500

/** `--limit` of a command that shows one page of a list. */
export function limitOption(): Option {
  return new Option('--limit <n>', `how many (1 to ${largestPage})`)
    .argParser(wholeNumber('--limit', 1, largestPage))
    .default(50)
}

/** A client, and where what it is answered is shown. */
export interface Show {
  readonly client: Client
  /** Writes a value as the JSON that it is, or as the table that is made of it, or both. */
  show(value: unknown, table: (options: TableOptions) => string): Promise<void>
}

/**
 * Reads the options of a command that shows something.
 * @throws CliError `usage` for a format that there is not, a URL or a token that is none
 */
export async function openShow(options: ShowOptions): Promise<Show> {
  const choices = parseFormats(options.format ?? [], ['table', 'json'])
  const client = await openClient(options)
  return {
    client,
    show: async (value, table) => {
      const { tableOptionsFor } = await import('../format/table-options.js')
      const { json, writeResult } = await import('../output/write.js')
      await writeResult(choices, (format, to) =>
        format === 'json' ? json(value) : table(tableOptionsFor(to)),
      )
    },
  }
}
