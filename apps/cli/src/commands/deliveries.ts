import { type Delivery, type DeliveryState, deliveryStates } from '@basedrift/contract'
import { type Command, Option } from 'commander'
import { channelNamed } from '../client/channels.js'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { exitCodes } from '../exit.js'
import { note } from '../output/destination.js'
import { parseFormats, repeated } from '../output/formats.js'
import { wholeNumber } from '../output/numbers.js'

interface DeliveriesOptions extends ServerOptions {
  readonly channel?: string
  readonly state?: DeliveryState
  readonly limit: number
  readonly format?: string[]
}

/** Deliveries asked for at once. */
const pageSize = 500

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
        .argParser(wholeNumber('--limit', 1, 100_000))
        .default(100),
    )
    .option('--format <format>', 'table or json, with =FILE to write to a file; repeatable', repeated)
  addServerOptions(list).action(async (options: DeliveriesOptions) => {
    const choices = parseFormats(options.format ?? [], ['table', 'json'])
    const client = await openClient(options)
    const channel =
      options.channel === undefined ? undefined : (await channelNamed(client, options.channel)).id
    const items: Delivery[] = []
    let cursor: string | undefined
    do {
      const limit = Math.min(pageSize, options.limit - items.length)
      const page = await client.call('listDeliveries', {
        query: { channel, state: options.state, cursor, limit },
      })
      items.push(...page.items)
      cursor = page.next ?? undefined
    } while (cursor !== undefined && items.length < options.limit)
    const { deliveriesTable } = await import('../format/deliveries-table.js')
    const { tableOptionsFor } = await import('../format/table-options.js')
    const { json, writeResult } = await import('../output/write.js')
    await writeResult(choices, (format, to) =>
      format === 'json' ? json({ items, next: cursor ?? null }) : deliveriesTable(items, tableOptionsFor(to)),
    )
    ended(exitCodes.ok)
  })

  addServerOptions(
    program
      .command('redeliver')
      .description('send deliveries again, each under its id; dead letters too')
      .argument('<delivery...>', 'ids'),
  ).action(async (ids: string[], options: ServerOptions) => {
    const client = await openClient(options)
    for (const id of ids) {
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
      .description('seal the secrets of all channels with the first key of BASEDRIFT_SECRET_KEYS'),
  ).action(async (options: ServerOptions) => {
    const client = await openClient(options)
    const { key, resealed, unchanged, failed } = await client.call('rotateSecrets', {})
    note(`Sealed with ${key}: ${resealed} channels anew, ${unchanged} as they were.`)
    for (const { channel, code } of failed) note(`Channel ${channel} keeps its seal (${code}).`)
    ended(failed.length === 0 ? exitCodes.ok : exitCodes.error)
  })
}
