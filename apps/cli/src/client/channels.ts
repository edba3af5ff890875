import type { Channel, Client } from '@basedrift/contract'
import { CliError } from '../errors.js'
import { wholeList } from './whole.js'

/** Every channel, in the order in which they were made. */
export function allChannels(client: Client): Promise<Channel[]> {
  return wholeList((page) => client.call('listChannels', { query: page }))
}

/**
 * The channel that was named by its name or its id.
 * @throws CliError `channel-unknown`
 */
export async function channelNamed(client: Client, named: string): Promise<Channel> {
  const found = (await allChannels(client)).find(({ id, name }) => name === named || id === named)
  if (found !== undefined) return found
  throw new CliError(
    'channel-unknown',
    `There is no channel ${named}; \`basedrift channel list\` lists those there are.`,
  )
}
