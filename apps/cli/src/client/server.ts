import type { Client } from '@basedrift/contract'
import { type Command, Option } from 'commander'
import { CliError } from '../errors.js'

/** What every client command can be told of the server. */
export interface ServerOptions {
  readonly server: string
  readonly token?: string
}

/** Adds `--server` and `--token` to a client command. */
export function addServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--server <url>', 'where the service listens')
        .env('BASEDRIFT_URL')
        .default('http://127.0.0.1:8080'),
    )
    .addOption(
      new Option(
        '--token <token>',
        'access token, better given by the environment; for a server on this machine, else that of its data directory',
      ).env('BASEDRIFT_TOKEN'),
    )
}

/**
 * A client of the server that the options name.
 * @throws CliError `usage` where the URL or the token is none
 */
export async function openClient({ server, token }: ServerOptions): Promise<Client> {
  const url = URL.canParse(server) ? new URL(server) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CliError(
      'usage',
      `The server is named by a URL such as http://127.0.0.1:8080, and "${server}" is none.`,
      '--server, BASEDRIFT_URL',
    )
  }
  const { createClient } = await import('@basedrift/contract/client')
  const { localToken } = await import('./local-token.js')
  const { explanations } = await import('./explain.js')
  const given = token === undefined ? null : tokenOf(token)
  const local = given === null ? await localToken(url) : null
  return createClient({
    baseUrl: server,
    token: given ?? local?.token,
    fetch: settlingFetch,
    explain: explanations(local?.file ?? null),
  })
}

/** A token as it was given, without blanks around it. @throws CliError `usage` for what no header can carry */
function tokenOf(given: string): string {
  const token = given.trim()
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new CliError(
    'usage',
    token === ''
      ? 'The token that was given is empty: leave it out, or give one as `basedrift token create` prints it.'
      : 'The token that was given is none: there is a line break, a blank or a letter in it that no token has; give it as `basedrift token create` prints it.',
    '--token, BASEDRIFT_TOKEN',
  )
}

/**
 * `fetch`, but never pending for ever: where a server closes a connection as soon as it was opened, Node's never settles.
 * When nothing is left that could settle it, it fails as it should have.
 */
const settlingFetch: typeof fetch = (input, init) =>
  new Promise((resolve, reject) => {
    const onIdle = (): void => reject(new TypeError('fetch failed: the connection was closed'))
    process.once('beforeExit', onIdle)
    fetch(input, init)
      .then(resolve, reject)
      .finally(() => process.off('beforeExit', onIdle))
  })
