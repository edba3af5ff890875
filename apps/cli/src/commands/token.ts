import type { Client, Token, TokenScope } from '@basedrift/contract'
import { type Command, Option } from 'commander'
import { duration } from '../client/duration.js'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { addShowOptions, openShow, type ShowOptions } from '../client/show.js'
import { wholeList } from '../client/whole.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { note, standardOutput } from '../output/destination.js'
import { repeated } from '../output/formats.js'
import { printable } from '../output/printable.js'
import { minute } from '../output/words.js'

interface CreateOptions extends ServerOptions {
  readonly name: string
  readonly scope: TokenScope[]
  readonly stream?: string[]
  readonly expires?: string
}

const endExamples = '90d, 12h, or a time as `date -u -d +90days +%FT%TZ` prints it'

/** `basedrift token`: makes, lists and revokes access tokens. */
export function addToken(program: Command, ended: (code: number) => void): void {
  const tokens = program.command('token').description('make, list and revoke access tokens')

  const create = tokens
    .command('create')
    .description('make a token and print it: it is shown this once')
    .requiredOption('--name <name>', 'whose it is; the author of what is written with it')
    .addOption(
      new Option('--scope <scope>', 'read, ingest, waive or admin, which includes the others; repeatable')
        .argParser(scopes)
        .makeOptionMandatory(),
    )
    .option(
      '--stream <glob>',
      'only for streams with such a name, `*` is any text; repeatable; without it, all streams',
      repeated,
    )
    .option('--expires <when>', `when it ends: ${endExamples}; without it, never`)
  addServerOptions(create).action(async (options: CreateOptions) => {
    const expiresAt = options.expires === undefined ? null : expiryOf(options.expires, new Date())
    const client = await openClient(options)
    const made = await client.createToken({
      name: options.name,
      scopes: options.scope,
      ...(options.stream === undefined ? {} : { streams: options.stream }),
      expiresAt,
    })
    const { token, name, id } = made
    await standardOutput().write(`${token}\n`)
    note(printable(`Token ${name} (${id}) was made${whatFor(made)}. It is not shown again.`))
    ended(exitCodes.ok)
  })

  const list = tokens.command('list').description('list the tokens, newest first, revoked ones too')
  addShowOptions(list).action(async (options: ShowOptions) => {
    const { client, show } = await openShow(options)
    const items = await allTokens(client)
    const { tokensTable } = await import('../format/tokens-table.js')
    await show({ items }, (to) => tokensTable(items, to, new Date()))
    ended(exitCodes.ok)
  })

  const revoke = tokens
    .command('revoke')
    .description('revoke a token, from the next request on')
    .argument('<token>', 'its id or its name')
  addServerOptions(revoke).action(async (named: string, options: ServerOptions) => {
    const client = await openClient(options)
    const found = (await allTokens(client)).find(({ id, name }) => id === named || name === named)
    if (found === undefined) {
      throw new CliError(
        'token-unknown',
        `There is no token ${named}; \`basedrift token list\` lists those there are.`,
      )
    }
    const { name, id } = await client.revokeToken(found.id)
    await standardOutput().write(`Token ${name} (${id}) is revoked.\n`)
    ended(exitCodes.ok)
  })
}

function allTokens(client: Client): Promise<Token[]> {
  return wholeList((page) => client.listTokens(page))
}

/** What a token is good for, as far as nobody has limited it. */
function whatFor({ scopes: given, streams, expiresAt }: Token): string {
  const all = streams.includes('*')
  const where = all ? 'all streams' : `streams ${streams.join(', ')}`
  const end = expiresAt === null ? 'for ever' : `until ${minute(expiresAt)} UTC`
  const limits = [
    ...(all && !given.includes('admin') ? ['--stream'] : []),
    ...(expiresAt === null ? ['--expires'] : []),
  ]
  const hint = limits.length === 0 ? '' : `; ${limits.join(' and ')} would limit that`
  return `: ${given.join(', ')} for ${where}, ${end}${hint}`
}

function scopes(value: string, before: TokenScope[] = []): TokenScope[] {
  const known: readonly TokenScope[] = ['read', 'ingest', 'waive', 'admin']
  const scope = known.find((one) => one === value)
  if (scope === undefined) {
    throw new CliError(
      'usage',
      `"${value}" is no scope; there are ${known.join(', ')}. Of several, give --scope for each.`,
      '--scope',
    )
  }
  return before.includes(scope) ? before : [...before, scope]
}

/** Longest that a token is good for from now, in seconds, where it is given as a time span. */
const longestSeconds = 36_500 * 86_400

/** When a token expires that is made `now`. @throws CliError `usage` */
export function expiryOf(text: string, now: Date): string {
  if (/^0*[1-9]\d*[smhd]$/.test(text))
    return new Date(now.getTime() + duration('--expires', longestSeconds)(text) * 1000).toISOString()
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text) ? new Date(text) : null
  if (at === null || !(at > now)) {
    throw new CliError('usage', `"${text}" is no time to come: give ${endExamples}.`, '--expires')
  }
  return at.toISOString()
}
