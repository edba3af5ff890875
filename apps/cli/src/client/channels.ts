import type { Channel, Client } from '@basedrift/contract'
import { CliError } from '../errors.js'

/** Channels asked for at once. */
const pageSize = 500

/** Every channel, in the order in which they were made. */
export async function allChannels(client: Client): Promise<Channel[]> {
  const channels: Channel[] = []
  let cursor: string | undefined
  do {
    const page = await client.call('listChannels', { query: { cursor, limit: pageSize } })
    channels.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return channels
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
