import type { Client, Environment, Live } from '@basedrift/contract'
import type { Command } from 'commander'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { exitCodes } from '../exit.js'
import { note } from '../output/destination.js'
import { parseFormats, repeated } from '../output/formats.js'

interface LiveOptions extends ServerOptions {
  readonly environment: string
  readonly stream?: string
  readonly format?: string[]
}

/** Entries asked for at once. */
const pageSize = 500

/** `basedrift live`: what machines of an environment run, and builds that enter and leave it. */
export function addLive(program: Command, ended: (code: number) => void): void {
  const live = program.command('live').description('what machines run: builds enter and leave environments')
  const subcommand = (name: string, description: string): Command =>
    addServerOptions(
      live
        .command(name)
        .description(description)
        .requiredOption('--environment <name>', 'machines that are kept up to date together')
        .option('--stream <name>', 'the stream that version-release is of')
        .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated),
    )
  const named = (name: string, description: string): Command =>
    subcommand(name, description).argument('<build>', 'its id, or version-release together with --stream')

  subcommand('list', 'show what is live')
    .option('--history', 'also what has left')
    .action(async (options: LiveOptions & { history?: boolean }) => {
      const choices = parseFormats(options.format ?? [], ['table', 'json'])
      const client = await openClient(options)
      const { environment, stream, history } = options
      const items: Live[] = []
      let cursor: string | undefined
      do {
        const page = await client.listLive(environment, { stream, history, cursor, limit: pageSize })
        items.push(...page.items)
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      const { liveTable } = await import('../format/live-table.js')
      const { tableOptionsFor } = await import('../format/table-options.js')
      const { json, writeResult } = await import('../output/write.js')
      await writeResult(choices, (format, to) =>
        format === 'json' ? json({ items, next: null }) : liveTable(environment, items, tableOptionsFor(to)),
      )
      ended(exitCodes.ok)
    })

  addServerOptions(
    live
      .command('environments')
      .description('list the environments that builds have entered')
      .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated),
  ).action(async (options: ServerOptions & Pick<LiveOptions, 'format'>) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json'])
    const items = await allEnvironments(await openClient(options))
    const { environmentsTable } = await import('../format/live-table.js')
    const { tableOptionsFor } = await import('../format/table-options.js')
    const { json, writeResult } = await import('../output/write.js')
    await writeResult(choices, (format, to) =>
      format === 'json' ? json({ items, next: null }) : environmentsTable(items, tableOptionsFor(to)),
    )
    ended(exitCodes.ok)
  })

  const change = async (options: LiveOptions, name: string, entering: boolean) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json'])
    const client = await openClient(options)
    const { buildIdOf } = await import('../client/builds.js')
    const id = await buildIdOf(client, name, options.stream)
    const known = entering ? await knownEnvironments(client) : null
    const entry = entering
      ? (await client.enterLive(options.environment, id)).live
      : await client.leaveLive(options.environment, id)
    if (known !== null) await sayIfNew(known, options.environment)
    const { liveTable } = await import('../format/live-table.js')
    const { tableOptionsFor } = await import('../format/table-options.js')
    const { json, writeResult } = await import('../output/write.js')
    await writeResult(choices, (format, to) =>
      format === 'json' ? json(entry) : liveTable(options.environment, [entry], tableOptionsFor(to)),
    )
    ended(exitCodes.ok)
  }
  named('enter', 'machines run this build from now on; safe to repeat').action((name: string, options) =>
    change(options as LiveOptions, name, true),
  )
  named('leave', 'no machine runs this build any more; safe to repeat').action((name: string, options) =>
    change(options as LiveOptions, name, false),
  )
}

async function allEnvironments(client: Client): Promise<Environment[]> {
  const items: Environment[] = []
  let cursor: string | undefined
  do {
    const page = await client.listEnvironments({ cursor, limit: pageSize })
    items.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return items
}

/** Names of environments that are listed of those there are. */
const listedNames = 8

/** The environments there are; null for a token that may not read. */
async function knownEnvironments(client: Client): Promise<Environment[] | null> {
  const { ApiError } = await import('@basedrift/contract/client')
  return allEnvironments(client).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 'token-forbidden') return null
    throw error
  })
}

/** Says that an environment was new, which a mistyped one is too. */
async function sayIfNew(known: readonly Environment[], environment: string): Promise<void> {
  if (known.some(({ name }) => name === environment)) return
  const { printable } = await import('../output/printable.js')
  const { listed } = await import('../output/words.js')
  const names = known.slice(0, listedNames).map(({ name }) => name)
  const all = known.length > names.length ? [...names, 'others'] : names
  const others =
    all.length === 0
      ? 'It is the first one.'
      : `There ${all.length === 1 ? 'was' : 'were'} ${listed(all)}. Mistyped? Let the build leave it, and enter the right one.`
  note(printable(`${environment} is a new environment. ${others}`))
}
