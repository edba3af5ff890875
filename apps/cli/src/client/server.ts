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
 * @throws CliError `usage` where the URL is none
 */
export async function openClient({ server, token }: ServerOptions): Promise<Client> {
  const url = URL.canParse(server) ? new URL(server) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CliError('usage', 'The server is named by a URL such as http://127.0.0.1:8080.', '--server')
  }
  const { createClient } = await import('@basedrift/contract')
  const { localToken } = await import('./local-token.js')
  return createClient({ baseUrl: server, token: token ?? (await localToken(url)), fetch: settlingFetch })
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
