import type {
  Channel,
  ChannelChange,
  ChannelKind,
  ChannelMode,
  Delivery,
  NoticeKind,
  Severity,
  Target,
} from '@basedrift/contract'
import { channelKinds, channelModes, noticeKinds, severities } from '@basedrift/contract/client'
import { type Command, Option } from 'commander'
import { allChannels, channelNamed } from '../client/channels.js'
import { addServerOptions, openClient, type ServerOptions } from '../client/server.js'
import { addShowOptions, openShow, type ShowOptions } from '../client/show.js'
import { CliError } from '../errors.js'
import { exitCodes } from '../exit.js'
import { note, standardOutput } from '../output/destination.js'
import { repeated } from '../output/formats.js'

interface TargetOptions {
  readonly url?: string
  readonly signingKey?: string[]
  readonly homeserver?: string
  readonly room?: string
  readonly accessToken?: string
  readonly smtp?: string
  readonly security?: 'starttls' | 'tls' | 'none'
  readonly from?: string
  readonly to?: string[]
  readonly user?: string
  readonly password?: string
}

interface AddOptions extends ServerOptions, TargetOptions {
  readonly kind: ChannelKind
  readonly stream?: string[]
  readonly event?: NoticeKind[]
  readonly minSeverity: Severity
  readonly mode: ChannelMode
}

interface RotateOptions extends ServerOptions, Pick<TargetOptions, 'url' | 'accessToken' | 'password'> {
  readonly finish?: boolean
}

/** How long the outcome of a test is waited for, and how often it is looked for, in milliseconds. */
const testMs = 30_000
const lookMs = 250

/** `basedrift channel`: who is told of what happens. */
export function addChannel(program: Command, ended: (code: number) => void): void {
  const channels = program
    .command('channel')
    .description('who is told of what happens: chats, mail and webhooks')

  const add = channels
    .command('add')
    .description('make a channel; its secrets are sealed by the service and not shown again')
    .argument('<name>', 'what it is called')
    .addOption(new Option('--kind <kind>', 'where it leads').choices(channelKinds).makeOptionMandatory())
    .addOption(
      new Option('--url <url>', 'of a webhook; better given by the environment').env('BASEDRIFT_CHANNEL_URL'),
    )
    .option(
      '--signing-key <key>',
      'whsec_ or whsk_ key of a webhook; without one a new key is made and printed',
      repeated,
    )
    .option('--homeserver <url>', 'of Matrix')
    .option('--room <id>', 'room of Matrix, as !ID:SERVER')
    .addOption(new Option('--access-token <token>', 'of Matrix').env('BASEDRIFT_CHANNEL_TOKEN'))
    .option('--smtp <host:port>', 'server that takes mail')
    .addOption(
      new Option('--security <how>', 'how mail goes to its server')
        .choices(['starttls', 'tls', 'none'])
        .default('starttls'),
    )
    .option('--from <address>', 'sender of mail')
    .option('--to <address>', 'recipient of mail; repeatable', repeated)
    .option('--user <name>', 'for servers that want to know who sends mail')
    .addOption(new Option('--password <password>', 'goes with --user').env('BASEDRIFT_CHANNEL_PASSWORD'))
    .option('--stream <glob>', 'streams that it is told of, `*` is any text; repeatable', repeated)
    .addOption(
      new Option(
        '--event <kind>',
        `events that it is told of, of ${noticeKinds.join(', ')}; all by default; repeatable`,
      ).argParser(eventKinds),
    )
    .addOption(
      new Option('--min-severity <severity>', 'events that matter less are left out')
        .choices(severities)
        .default('info'),
    )
    .addOption(
      new Option('--mode <mode>', 'at once, or in one message an hour or a day')
        .choices(channelModes)
        .default('immediate'),
    )
  addServerOptions(add).action(async (name: string, options: AddOptions) => {
    const client = await openClient(options)
    const { target, made } = await targetOf(options)
    const kinds = options.event ?? []
    const routes = (options.stream ?? ['*']).map((stream) => ({
      stream,
      kinds,
      minSeverity: options.minSeverity,
    }))
    const channel = await client.call('createChannel', { body: { name, target, routes, mode: options.mode } })
    if (made !== null) await standardOutput().write(`${made}\n`)
    note(`Channel ${channel.name} (${channel.id}) was made. Try it with \`basedrift channel test\`.`)
    if (made !== null) note('The key above verifies its messages. It is not shown again.')
    ended(exitCodes.ok)
  })

  const list = channels.command('list').description('list the channels, without their secrets')
  addShowOptions(list).action(async (options: ShowOptions) => {
    const { client, show } = await openShow(options)
    const items = await allChannels(client)
    const { channelsTable } = await import('../format/channels-table.js')
    await show({ items, next: null }, (to) => channelsTable(items, to))
    ended(exitCodes.ok)
  })

  const named = (command: string, description: string) =>
    addServerOptions(
      channels.command(command).description(description).argument('<channel>', 'its name or its id'),
    )

  named('test', 'send a message to try a channel, and say what came of it').action(
    async (name: string, options: ServerOptions) => {
      const client = await openClient(options)
      const { id } = await channelNamed(client, name)
      const { deliveryLine } = await import('../format/deliveries-table.js')
      let delivery: Delivery = await client.call('testChannel', { path: { id } })
      const until = Date.now() + testMs
      while (
        delivery.state !== 'sent' &&
        delivery.state !== 'dead' &&
        delivery.lastCode === null &&
        Date.now() < until
      ) {
        await new Promise((resolve) => setTimeout(resolve, lookMs))
        delivery = await client.call('getDelivery', { path: { id: delivery.id } })
      }
      await standardOutput().write(`${deliveryLine(delivery)}\n`)
      const { notifyErrorCodes } = await import('@basedrift/notify')
      const { lastCode, state } = delivery
      if (lastCode !== null && Object.hasOwn(notifyErrorCodes, lastCode))
        note(notifyErrorCodes[lastCode as keyof typeof notifyErrorCodes])
      else if (state === 'pending')
        note(
          'No worker has come to it within 30 s: look whether one runs, or wait for the message under way.',
        )
      ended(delivery.state === 'sent' ? exitCodes.ok : exitCodes.bad)
    },
  )

  const change = async (name: string, options: ServerOptions, body: ChannelChange): Promise<Channel> => {
    const client = await openClient(options)
    const { id } = await channelNamed(client, name)
    return client.call('changeChannel', { path: { id }, body })
  }

  named(
    'rotate',
    'give a channel a new secret; a webhook signs with the new key and the one before it until --finish',
  )
    .addOption(new Option('--url <url>', 'the new URL').env('BASEDRIFT_CHANNEL_URL'))
    .addOption(new Option('--access-token <token>', 'the new token of Matrix').env('BASEDRIFT_CHANNEL_TOKEN'))
    .addOption(
      new Option('--password <password>', 'the new password for mail').env('BASEDRIFT_CHANNEL_PASSWORD'),
    )
    .option('--finish', 'the receiver knows the new key of the webhook: sign with that alone')
    .action(async (name: string, options: RotateOptions) => {
      const { url, accessToken: token, password, finish } = options
      const secrets = {
        ...(url === undefined ? {} : { url }),
        ...(token === undefined ? {} : { token }),
        ...(password === undefined ? {} : { password }),
      }
      if (finish) {
        await change(name, options, { keepSigningKeys: 1 })
        note(`Channel ${name} signs with its newest key alone.`)
      } else if (Object.keys(secrets).length > 0) {
        await change(name, options, { secrets })
        note(`Channel ${name} has its new secret.`)
      } else {
        const { kind } = await channelNamed(await openClient(options), name)
        if (kind !== 'webhook') throw new CliError('usage', newSecretOf(kind), 'channel rotate')
        const { newSharedKey } = await import('@basedrift/notify')
        const key = newSharedKey()
        await change(name, options, { addSigningKey: key, keepSigningKeys: 2 })
        await standardOutput().write(`${key}\n`)
        note(
          `Channel ${name} signs with this key and with the one before it, until \`channel rotate --finish\`.`,
        )
      }
      ended(exitCodes.ok)
    })

  const turn = (command: string, description: string, state: 'active' | 'disabled', done: string) =>
    named(command, description).action(async (name: string, options: ServerOptions) => {
      const channel = await change(name, options, { state })
      note(`Channel ${channel.name} ${done}; ${channel.waiting} messages wait for it.`)
      ended(exitCodes.ok)
    })
  turn('disable', 'tell a channel nothing for now; what waits goes on waiting', 'disabled', 'is disabled')
  turn('enable', 'go on where a channel stopped', 'active', 'is active')

  named('remove', 'remove a channel, with what waits for it and what is recorded of its deliveries').action(
    async (name: string, options: ServerOptions) => {
      const client = await openClient(options)
      const channel = await channelNamed(client, name)
      await client.removeChannel(channel.id)
      note(`Channel ${channel.name} is removed.`)
      ended(exitCodes.ok)
    },
  )
}

function newSecretOf(kind: ChannelKind): string {
  const variable = kind === 'matrix' ? 'TOKEN' : kind === 'email' ? 'PASSWORD' : 'URL'
  return `A channel of the kind ${kind} signs nothing: give its new secret in BASEDRIFT_CHANNEL_${variable}.`
}

function eventKinds(text: string, before: NoticeKind[] = []): NoticeKind[] {
  const kind = noticeKinds.find((known) => known === text)
  if (kind === undefined)
    throw new CliError('usage', `There is no event "${text}": ${noticeKinds.join(', ')}.`, '--event')
  return [...before, kind]
}

function required<T>(value: T | undefined, option: string, kind: ChannelKind): T {
  if (value === undefined)
    throw new CliError('usage', `A channel of the kind ${kind} needs ${option}.`, option)
  return value
}

/** The target that the options name, and the key that was made for it. */
async function targetOf(options: AddOptions): Promise<{ target: Target; made: string | null }> {
  const { kind } = options
  switch (kind) {
    case 'slack':
    case 'mattermost':
    case 'teams':
      return { target: { kind, url: required(options.url, '--url', kind) }, made: null }
    case 'webhook': {
      const url = required(options.url, '--url', kind)
      const made =
        options.signingKey === undefined ? (await import('@basedrift/notify')).newSharedKey() : null
      return { target: { kind, url, signing: options.signingKey ?? [made ?? ''] }, made }
    }
    case 'matrix': {
      const server = required(options.homeserver, '--homeserver', kind)
      const room = required(options.room, '--room', kind)
      return {
        target: { kind, server, room, token: required(options.accessToken, '--access-token', kind) },
        made: null,
      }
    }
    case 'email': {
      const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(required(options.smtp, '--smtp', kind)) ?? []
      if (host === '') throw new CliError('usage', 'The server is HOST:PORT.', '--smtp')
      const { security = 'starttls', user, password } = options
      const from = required(options.from, '--from', kind)
      const to = required(options.to, '--to', kind)
      const login = {
        ...(user === undefined ? {} : { user }),
        ...(password === undefined ? {} : { password }),
      }
      return { target: { kind, host, port: Number(port), security, from, to, ...login }, made: null }
    }
  }
}
