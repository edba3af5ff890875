import {
  Channel,
  ChannelChange,
  ChannelList,
  Delivery,
  isTarget,
  NewChannel,
  Resealed,
  ref,
  splitTarget,
  type Target,
} from '@basedrift/contract'
import { type ChannelRow, type JsonObject, type SealedTarget, uuidv7 } from '@basedrift/ledger'
import { checkTarget, NotifyError, resealAll, type Sending } from '@basedrift/notify'
import Type from 'typebox'
import { ChannelPath, pageQuery, writeHeaders } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { channelView, deliveryView, targetOf } from '../views/channel.js'

/** Everything: what a channel is told of without routes. */
const allRoutes = [{ stream: '*', kinds: [], minSeverity: 'info' as const }]

const keysUnusable =
  'Nothing was sealed anew, and the keys stay as they were: the file `secret-keys` of the data directory must be readable and hold one ID:KEY ' +
  'pair a line, each KEY 32 bytes in base64, and an id must stay that of its key.'

/** How often a change is made anew where the secrets changed meanwhile. */
const tries = 5

/** Channels: where events go. Their secrets are sealed as they come, and never shown. */
export function channelRoutes(app: App, { ledger, sending, ring }: AppDependencies): void {
  const available = (): Sending => {
    if (sending === undefined) throw new ProblemError('channels-unavailable')
    return sending
  }

  /** Seals a target for a channel once it was found to lead where messages may go. */
  const seal = (id: string, target: Target): SealedTarget => {
    const { keyring, net } = available()
    try {
      checkTarget(target, net)
    } catch (error) {
      if (error instanceof NotifyError)
        throw new ProblemError('target-refused', error.message, { cause: error })
      throw error
    }
    const { settings, secrets } = splitTarget(target)
    return {
      kind: target.kind,
      settings: settings as JsonObject,
      sealed: keyring.seal(JSON.stringify(secrets), id),
    }
  }

  /** The target as a change leaves it; undefined where nothing of it changes. */
  const changedTarget = (row: ChannelRow, change: ChannelChange): Target | undefined => {
    const { target, secrets, addSigningKey, keepSigningKeys } = change
    const keys = addSigningKey !== undefined || keepSigningKeys !== undefined
    if (secrets === undefined && !keys) return target
    const before = target ?? targetOf(row, available().keyring)
    if (before === null)
      throw new ProblemError(
        'target-refused',
        'The secrets of this channel cannot be opened: give a whole target.',
      )
    if (keys && before.kind !== 'webhook')
      throw new ProblemError('target-refused', `A channel of the kind ${before.kind} signs nothing.`)
    const changed: unknown = {
      ...before,
      ...secrets,
      ...(before.kind === 'webhook' ? { signing: signingOf(before.signing, change) } : {}),
    }
    if (!isTarget(changed))
      throw new ProblemError(
        'target-refused',
        `A channel of the kind ${before.kind} has other secrets, or too many keys.`,
      )
    return changed
  }

  app.get(
    '/v1/channels',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listChannels',
        tags: ['channels'],
        summary: 'Channels, without their secrets',
        querystring: Type.Object(pageQuery, { additionalProperties: false }),
        response: { 200: ref(ChannelList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { cursor, limit = 100 } = request.query
      const { items, next } = await ledger.channels.list({ cursor, limit })
      return { items: items.map((row) => channelView(row, sending?.keyring)), next }
    },
  )

  app.post(
    '/v1/channels',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'createChannel',
        tags: ['channels'],
        summary: 'Make a channel that is told of events',
        description: 'Its secrets are sealed with the key of the service, and not shown again.',
        headers: Type.Object(writeHeaders),
        body: ref(NewChannel),
        response: {
          201: ref(Channel),
          ...problems(
            'body-malformed',
            'origin-refused',
            'channel-exists',
            'channel-limit',
            'body-too-large',
            'media-type-refused',
            'target-refused',
            'channels-unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const { keyring } = available()
      const { name, target, routes = allRoutes, mode = 'immediate' } = request.body
      const id = uuidv7(Date.now())
      const by = request.principal.name
      const row = await ledger.channels.create({ id, name, routes, mode, by, ...seal(id, target) })
      return reply.code(201).header('location', `/v1/channels/${id}`).send(channelView(row, keyring))
    },
  )

  app.get(
    '/v1/channels/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'getChannel',
        tags: ['channels'],
        summary: 'One channel, without its secrets',
        params: ChannelPath,
        response: { 200: ref(Channel), ...problems('channel-unknown') },
      },
    },
    async (request) => {
      const row = await ledger.channels.get(request.params.id)
      if (row === null) throw new ProblemError('channel-unknown')
      return channelView(row, sending?.keyring)
    },
  )

  app.patch(
    '/v1/channels/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'changeChannel',
        tags: ['channels'],
        summary: 'Change a channel, its secrets among it',
        description:
          'What is left out stays. A channel that becomes active goes on where it stopped. `addSigningKey` and then, once the ' +
          'receiver knows the new key, `keepSigningKeys: 1` replace the key of a webhook.',
        params: ChannelPath,
        headers: Type.Object(writeHeaders),
        body: ref(ChannelChange),
        response: {
          200: ref(Channel),
          ...problems(
            'body-malformed',
            'origin-refused',
            'channel-unknown',
            'channel-exists',
            'body-too-large',
            'media-type-refused',
            'target-refused',
            'channels-unavailable',
          ),
        },
      },
    },
    async (request) => {
      const { id } = request.params
      const { name, routes, mode, state } = request.body
      for (let nth = 1; ; nth++) {
        const row = await ledger.channels.get(id)
        if (row === null) throw new ProblemError('channel-unknown')
        const target = changedTarget(row, request.body)
        const sealed = target === undefined ? {} : { target: seal(id, target) }
        const changed = await ledger.channels.update(
          id,
          { name, routes, mode, state, ...sealed },
          target === undefined ? undefined : row.sealed,
        )
        if (changed === null && nth < tries) continue
        if (changed === null) throw new ProblemError('overloaded')
        if (state === 'active') ring?.()
        return channelView(changed, sending?.keyring)
      }
    },
  )

  app.delete(
    '/v1/channels/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'removeChannel',
        tags: ['channels'],
        summary: 'Remove a channel, and what is recorded of its deliveries',
        description: 'What waits is not sent. To stop a channel for a while, disable it.',
        params: ChannelPath,
        headers: Type.Object(writeHeaders),
        response: {
          204: Type.Unsafe<undefined>({ description: 'It is gone' }),
          ...problems('origin-refused', 'channel-unknown'),
        },
      },
    },
    async (request, reply) => {
      if (!(await ledger.channels.remove(request.params.id))) throw new ProblemError('channel-unknown')
      return reply.code(204).send(undefined)
    },
  )

  app.post(
    '/v1/channels/:id/test',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'testChannel',
        tags: ['channels'],
        summary: 'Send a message to try a channel',
        description:
          'It is tried once, before all that waits in the line, also where the channel collects; the delivery tells what came of it. ' +
          'If it is taken, what waits is sent.',
        params: ChannelPath,
        headers: Type.Object(writeHeaders),
        response: {
          202: ref(Delivery),
          ...problems('origin-refused', 'channel-unknown', 'channel-disabled'),
        },
      },
    },
    async (request, reply) => {
      const by = request.principal.name
      const delivery = await ledger.deliveries.test(request.params.id, ({ name: channel }) => ({
        kind: 'test',
        severity: 'info',
        at: new Date().toISOString(),
        link: '/v1/deliveries',
        stream: null,
        channel,
        by,
      }))
      ring?.()
      return reply.code(202).header('location', `/v1/deliveries/${delivery.id}`).send(deliveryView(delivery))
    },
  )

  app.post(
    '/v1/secrets/rotate',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'rotateSecrets',
        tags: ['channels'],
        summary: 'Seal the secrets of all channels with the newest key',
        description:
          'The newest key is the first of BASEDRIFT_SECRET_KEYS as the service was started with it, or of the file `secret-keys`, which is read anew. ' +
          'Once nothing fails, the others can go.',
        headers: Type.Object(writeHeaders),
        response: { 200: ref(Resealed), ...problems('origin-refused', 'channels-unavailable') },
      },
    },
    async () => {
      const { keyring, renewKeys } = available()
      try {
        renewKeys?.()
      } catch (error) {
        throw new ProblemError('channels-unavailable', keysUnusable, { cause: error })
      }
      const rows = (await ledger.channels.sealed()).map(({ id: channelId, sealed }) => ({
        channelId,
        sealed,
      }))
      const failed: Resealed['failed'] = []
      let resealed = 0
      for (const result of resealAll(keyring, rows)) {
        if ('error' in result) {
          failed.push({ channel: result.channelId, code: result.error.code })
          continue
        }
        const row = await ledger.channels.get(result.channelId)
        if (row === null) continue
        const { kind, settings } = row
        const target = { kind, settings, sealed: result.sealed }
        // Where the secrets changed meanwhile, they were sealed with the newest key.
        await ledger.channels.update(result.channelId, { target }, result.before)
        resealed++
      }
      return { key: keyring.current, resealed, unchanged: rows.length - resealed - failed.length, failed }
    },
  )
}

/** The keys of a webhook as a change leaves them, the newest first. */
function signingOf(before: readonly string[], { addSigningKey, keepSigningKeys }: ChannelChange): string[] {
  const keys =
    addSigningKey === undefined ? before : [addSigningKey, ...before.filter((key) => key !== addSigningKey)]
  return keys.slice(0, keepSigningKeys)
}
