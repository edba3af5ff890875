import type { Client, Environment } from '@basedrift/contract'
import type { Command } from 'commander'
import { addShowOptions, openShow, type ShowOptions } from '../client/show.js'
import { wholeList } from '../client/whole.js'
import { exitCodes } from '../exit.js'
import { note } from '../output/destination.js'

interface LiveOptions extends ShowOptions {
  readonly environment: string
  readonly stream?: string
}

/** `basedrift live`: what machines of an environment run, and builds that enter and leave it. */
export function addLive(program: Command, ended: (code: number) => void): void {
  const live = program.command('live').description('what machines run: builds enter and leave environments')
  const subcommand = (name: string, description: string): Command =>
    addShowOptions(
      live
        .command(name)
        .description(description)
        .requiredOption('--environment <name>', 'machines that are kept up to date together')
        .option('--stream <name>', 'the stream that version-release is of'),
    )
  const named = (name: string, description: string): Command =>
    subcommand(name, description).argument('<build>', 'its id, or version-release together with --stream')

  subcommand('list', 'show what is live')
    .option('--history', 'also what has left')
    .action(async (options: LiveOptions & { history?: boolean }) => {
      const { client, show } = await openShow(options)
      const { environment, stream, history } = options
      const items = await wholeList((page) => client.listLive(environment, { stream, history, ...page }))
      const { liveTable } = await import('../format/live-table.js')
      await show({ items, next: null }, (to) => liveTable(environment, items, to))
      ended(exitCodes.ok)
    })

  addShowOptions(
    live.command('environments').description('list the environments that builds have entered'),
  ).action(async (options: ShowOptions) => {
    const { client, show } = await openShow(options)
    const items = await allEnvironments(client)
    const { environmentsTable } = await import('../format/live-table.js')
    await show({ items, next: null }, (to) => environmentsTable(items, to))
    ended(exitCodes.ok)
  })

  const change = async (options: LiveOptions, name: string, entering: boolean) => {
    const { client, show } = await openShow(options)
    const { buildIdOf } = await import('../client/builds.js')
    const id = await buildIdOf(client, name, options.stream)
    const known = entering ? await knownEnvironments(client) : null
    const entry = entering
      ? (await client.enterLive(options.environment, id)).live
      : await client.leaveLive(options.environment, id)
    if (known !== null) await sayIfNew(known, options.environment, id)
    const { liveTable } = await import('../format/live-table.js')
    await show(entry, (to) => liveTable(options.environment, [entry], to))
    ended(exitCodes.ok)
  }
  named('enter', 'machines run this build from now on; safe to repeat').action((name: string, options) =>
    change(options as LiveOptions, name, true),
  )
  named('leave', 'no machine runs this build any more; safe to repeat').action((name: string, options) =>
    change(options as LiveOptions, name, false),
  )
}

function allEnvironments(client: Client): Promise<Environment[]> {
  return wholeList((page) => client.listEnvironments(page))
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

/** Says that an environment was new to a build, which a mistyped one is too. */
async function sayIfNew(known: readonly Environment[], environment: string, build: string): Promise<void> {
  if (known.some(({ name }) => name === environment)) return
  const { printable } = await import('../output/printable.js')
  const { listed } = await import('../output/words.js')
  const names = known.slice(0, listedNames).map(({ name }) => name)
  const all = known.length > names.length ? [...names, 'others'] : names
  const others =
    all.length === 0
      ? 'It is the first one.'
      : `There ${all.length === 1 ? 'was' : 'were'} ${listed(all)}. Mistyped? Let the build leave it, and enter the right one:`
  note(printable(`${environment} is a new environment. ${others}`))
  if (all.length === 0) return
  const { commandLines } = await import('../output/command-line.js')
  const leave = ['basedrift', 'live', 'leave', build, '--environment', environment]
  for (const line of commandLines(leave, Number.POSITIVE_INFINITY, '  ')) note(line)
}
