import type { Client, Delivery, DeliveryList } from '@basedrift/contract'
import { type DeliveryState, deliveryStates } from '@basedrift/contract/client'
import { type Command, Option } from 'commander'
import { channelNamed } from '../client/channels.js'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { addShowOptions, openShow, type ShowOptions } from '../client/show.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { note } from '../output/destination.js'
import { wholeNumber } from '../output/numbers.js'

interface DeliveriesOptions extends ShowOptions {
  readonly channel?: string
  readonly state?: DeliveryState
  readonly limit: number
}

/** Deliveries asked for at once, and in all. */
const pageSize = 500
const mostDeliveries = 100_000

/** Deliveries, the latest first, at most `most`, and where the next would begin. */
async function deliveriesOf(
  client: Client,
  of: { channel: string | undefined; state: DeliveryState | undefined },
  most: number,
): Promise<{ items: Delivery[]; next: string | null }> {
  const items: Delivery[] = []
  let next: string | null = null
  do {
    const limit = Math.min(pageSize, most - items.length)
    const page: DeliveryList = await client.call('listDeliveries', {
      query: { ...of, cursor: next ?? undefined, limit },
    })
    items.push(...page.items)
    next = page.next
  } while (next !== null && items.length < most)
  return { items, next }
}

/** `basedrift deliveries`, `redeliver` and `secrets`: what went where, once more, and the keys of it all. */
export function addDeliveries(program: Command, ended: (code: number) => void): void {
  const list = program
    .command('deliveries')
    .description('what went where, the latest first, with what came of it')
    .option('--channel <channel>', 'only to this one, by its name or its id')
    .addOption(
      new Option('--state <state>', 'only in this state; dead ones were given up').choices(deliveryStates),
    )
    .addOption(
      new Option('--limit <count>', 'how many at most')
        .argParser(wholeNumber('--limit', 1, mostDeliveries))
        .default(100),
    )
  addShowOptions(list).action(async (options: DeliveriesOptions) => {
    const { client, show } = await openShow(options)
    const channel =
      options.channel === undefined ? undefined : (await channelNamed(client, options.channel)).id
    const { items, next } = await deliveriesOf(client, { channel, state: options.state }, options.limit)
    const { deliveriesTable } = await import('../format/deliveries-table.js')
    await show({ items, next }, (to) => deliveriesTable(items, to))
    ended(exitCodes.ok)
  })

  addServerOptions(
    program
      .command('redeliver')
      .description('send deliveries again, each under its id; dead letters too')
      .argument('[delivery...]', 'ids')
      .option('--channel <channel>', 'all dead letters of this one, by its name or its id, the oldest first'),
  ).action(async (ids: string[], options: ServerOptions & { channel?: string }) => {
    if ((ids.length === 0) === (options.channel === undefined))
      throw new CliError('usage', 'Give ids of deliveries, or a channel with `--channel`.', 'redeliver')
    const client = await openClient(options)
    const dead = async (name: string) => {
      const channel = (await channelNamed(client, name)).id
      const { items } = await deliveriesOf(client, { channel, state: 'dead' }, mostDeliveries)
      return items.map(({ id }) => id).reverse()
    }
    for (const id of options.channel === undefined ? ids : await dead(options.channel)) {
      const { channel, sequence } = await client.call('redeliver', { path: { id } })
      note(
        `${id} goes to ${channel.name} again${sequence === null ? '' : `, as number ${sequence} of its line`}.`,
      )
    }
    ended(exitCodes.ok)
  })

  const secrets = program.command('secrets').description('the keys that secrets of channels are sealed with')
  addServerOptions(
    secrets
      .command('rotate')
      .description(
        'seal the secrets of all channels with the first key of the file `secret-keys`, or of BASEDRIFT_SECRET_KEYS',
      ),
  ).action(async (options: ServerOptions) => {
    const client = await openClient(options)
    const { key, resealed, unchanged, failed } = await client.call('rotateSecrets', {})
    note(`Sealed with ${key}: ${resealed} channels anew, ${unchanged} as they were.`)
    if (resealed === 0 && failed.length === 0)
      note(
        `The service knows no key newer than ${key}. Put a new pair first in \`secret-keys\`, or in BASEDRIFT_SECRET_KEYS and start it again.`,
      )
    for (const { channel, code } of failed) note(`Channel ${channel} keeps its seal (${code}).`)
    ended(failed.length === 0 ? exitCodes.ok : exitCodes.error)
  })
}
