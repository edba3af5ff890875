import Type, { type Static } from 'typebox'
import {
  channelKinds,
  channelModes,
  channelStates,
  deliveryStates,
  noticeKinds,
  severities,
} from '../words.js'
import {
  count,
  nullableCount,
  nullableCursor,
  nullableRef,
  nullableString,
  nullableTimestamp,
  oneOf,
  ref,
  Timestamp,
  Uuid,
} from './base.js'
import { StreamName } from './names.js'
import { Notice } from './notices.js'
import { Target, targetLimits } from './targets.js'

/** Bounds of what is said of a channel. */
export const channelLimits = { name: 64, routes: 16, glob: 200, listedEvents: 20 } as const

const ids = {
  channel: '019a0000-0000-7000-8000-000000000007',
  delivery: '019a0000-0000-7000-8000-000000000008',
  event: '019a0000-0000-7000-8000-000000000009',
}
const at = '2026-01-15T09:30:00.000Z'

/** Name of a channel, as people call it. */
export const ChannelName = Type.String({
  minLength: 1,
  maxLength: channelLimits.name,
  pattern: '^[^\\u0000-\\u001f\\u007f\\p{Surrogate}]+$',
  description: 'Name of the channel, of its own',
  examples: ['kernel-team'],
})

/** What a channel is told of. */
export const ChannelRoute = Type.Object(
  {
    stream: Type.String({
      minLength: 1,
      maxLength: channelLimits.glob,
      pattern: '^[A-Za-z0-9_._:+~@=,/?*-]+$',
      default: '*',
      description: 'Streams: `*` stands for any text, `?` for one character',
    }),
    kinds: Type.Array(oneOf(noticeKinds, 'A kind of event'), {
      maxItems: noticeKinds.length,
      uniqueItems: true,
      default: [],
      description: 'Kinds of events; none stands for all',
    }),
    minSeverity: Type.Unsafe<(typeof severities)[number]>({
      ...oneOf(severities, 'Events that matter less are left out'),
      default: 'info',
    }),
  },
  {
    $id: 'ChannelRoute',
    additionalProperties: false,
    description: 'Events of these streams, of these kinds, that matter at least so much',
    examples: [{ stream: 'openSUSE:*', kinds: ['drift', 'gate'], minSeverity: 'warning' }],
  },
)
export type ChannelRoute = Static<typeof ChannelRoute>

const Routes = Type.Array(ref(ChannelRoute), {
  minItems: 1,
  maxItems: channelLimits.routes,
  description: 'An event is told where one of these fits',
})
const Mode = oneOf(
  channelModes,
  'At once, or what came until the next full hour or until midnight, UTC, in one message',
)

/** How a channel is made. */
export const NewChannel = Type.Object(
  {
    name: ChannelName,
    target: ref(Target),
    routes: Type.Optional(Routes),
    mode: Type.Optional(Mode),
  },
  {
    $id: 'NewChannel',
    additionalProperties: false,
    description: 'How a channel is made; without routes it is told of everything',
    examples: [
      {
        name: 'kernel-team',
        target: {
          kind: 'webhook',
          url: 'https://hooks.example.org/basedrift',
          signing: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw3tPVGzGLCoE='],
        },
        routes: [{ stream: 'openSUSE:*', kinds: [], minSeverity: 'warning' }],
        mode: 'immediate',
      },
    ],
  },
)
export type NewChannel = Static<typeof NewChannel>

/** What changes of a channel. */
export const ChannelChange = Type.Object(
  {
    name: Type.Optional(ChannelName),
    target: Type.Optional(ref(Target)),
    secrets: Type.Optional(
      Type.Object(
        {
          url: Type.Optional(Type.String({ maxLength: 2048 })),
          token: Type.Optional(Type.String({ maxLength: 512 })),
          user: Type.Optional(Type.String({ maxLength: 512 })),
          password: Type.Optional(Type.String({ maxLength: 512 })),
        },
        {
          additionalProperties: false,
          minProperties: 1,
          description: 'Secrets of the target that are replaced',
        },
      ),
    ),
    addSigningKey: Type.Optional(
      Type.String({
        minLength: 10,
        maxLength: 160,
        pattern: '^wh(sec|sk)_[A-Za-z0-9+/]+={0,2}$',
        description: 'A key of a webhook, in front of those it has: messages are signed with all of them',
      }),
    ),
    keepSigningKeys: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: targetLimits.signingKeys,
        description: 'How many keys of a webhook stay, the newest first',
      }),
    ),
    routes: Type.Optional(Routes),
    mode: Type.Optional(Mode),
    state: Type.Optional(
      oneOf(channelStates, 'A disabled channel is told of nothing; what waits for it goes on waiting'),
    ),
  },
  {
    $id: 'ChannelChange',
    additionalProperties: false,
    minProperties: 1,
    description: 'What changes of a channel; the rest stays',
    examples: [{ state: 'disabled' }],
  },
)
export type ChannelChange = Static<typeof ChannelChange>

const channelExample = {
  id: ids.channel,
  name: 'kernel-team',
  kind: 'webhook',
  host: 'hooks.example.org',
  settings: { kind: 'webhook' },
  sealedWith: 'serve',
  signingKeys: 1,
  routes: [{ stream: 'openSUSE:*', kinds: [], minSeverity: 'warning' }],
  mode: 'immediate',
  state: 'active',
  reason: null,
  waiting: 0,
  dead: 0,
  createdAt: at,
  createdBy: 'operator',
  updatedAt: at,
}

/** Why the service disabled a channel. */
export const ChannelReason = Type.Object(
  { code: Type.String({ description: 'Stable' }), message: Type.String() },
  { $id: 'ChannelReason', description: 'Why the service disabled a channel' },
)
export type ChannelReason = Static<typeof ChannelReason>

/** A channel, without its secrets. */
export const Channel = Type.Object(
  {
    id: Uuid,
    name: ChannelName,
    kind: oneOf(channelKinds, 'The kind of its target'),
    host: nullableString({ description: 'Host that it leads to; null where its secrets cannot be opened' }),
    settings: Type.Record(Type.String(), Type.Unknown(), {
      description: 'Its target, without what is a secret of it',
    }),
    sealedWith: nullableString({ description: 'Id of the key that its secrets are sealed with' }),
    signingKeys: nullableCount('Keys that a webhook is signed with; null for other kinds'),
    routes: Type.Array(ref(ChannelRoute)),
    mode: Mode,
    state: oneOf(channelStates, 'Whether it is told of anything'),
    reason: nullableRef(ChannelReason),
    waiting: count('Messages that wait'),
    dead: count('Messages that were given up'),
    createdAt: Timestamp,
    createdBy: Type.String(),
    updatedAt: Timestamp,
  },
  { $id: 'Channel', description: 'A channel, without its secrets', examples: [channelExample] },
)
export type Channel = Static<typeof Channel>

/** A page of channels. */
export const ChannelList = Type.Object(
  { items: Type.Array(ref(Channel)), next: nullableCursor },
  { $id: 'ChannelList', description: 'Channels, in the order in which they were made' },
)
export type ChannelList = Static<typeof ChannelList>

const event = {
  id: Uuid,
  kind: oneOf(noticeKinds, 'What sort of event it is'),
  severity: oneOf(severities, 'How much it matters'),
  stream: Type.Unsafe<string | null>({
    anyOf: [StreamName, { type: 'null' }],
    description: 'Null where it is about none',
  }),
  createdAt: Timestamp,
}
const eventExample = {
  id: ids.event,
  kind: 'drift',
  severity: 'warning',
  stream: 'openSUSE:Factory/x86_64/default',
  createdAt: at,
}

/** An event in a list of deliveries. */
export const EventRef = Type.Object(event, {
  $id: 'EventRef',
  description: 'An event that was announced',
  examples: [eventExample],
})
export type EventRef = Static<typeof EventRef>

/** An event with what it says. */
export const AnnouncedEvent = Type.Object(
  { ...event, notice: ref(Notice) },
  { $id: 'AnnouncedEvent', description: 'An event that was announced, with what it says' },
)
export type AnnouncedEvent = Static<typeof AnnouncedEvent>

/** A page of events. */
export const EventList = Type.Object(
  { items: Type.Array(ref(AnnouncedEvent)), next: nullableCursor },
  { $id: 'EventList', description: 'Events that were announced, the latest first' },
)
export type EventList = Static<typeof EventList>

/** A message to a channel, and what came of it. */
export const Delivery = Type.Object(
  {
    id: Type.String({ ...Uuid, description: 'Its id, which is the `webhook-id` too, in every attempt' }),
    channel: Type.Object({ id: Uuid, name: ChannelName, kind: oneOf(channelKinds, 'Its kind') }),
    state: oneOf(deliveryStates, '`collecting`: a digest that more joins; `dead`: it was given up'),
    digest: Type.Boolean({ description: 'Whether it tells of what came in an hour or a day' }),
    sequence: nullableCount('Place in the line of its channel; null while it collects'),
    events: Type.Array(ref(EventRef), {
      description: `The first by time, at most ${channelLimits.listedEvents}`,
    }),
    eventsTotal: count('Events in all'),
    attempt: count('Attempts so far'),
    nextAt: nullableTimestamp,
    lastCode: nullableString({ description: 'Why the last attempt was not taken; null where it was' }),
    lastStatus: nullableCount('HTTP or SMTP status of the last answer'),
    lastAnswer: nullableString({ description: 'The beginning of the last answer' }),
    attemptedAt: nullableTimestamp,
    endedAt: nullableTimestamp,
    createdAt: Timestamp,
  },
  {
    $id: 'Delivery',
    description: 'A message to a channel, and what came of it',
    examples: [
      {
        id: ids.delivery,
        channel: { id: ids.channel, name: 'kernel-team', kind: 'webhook' },
        state: 'pending',
        digest: false,
        sequence: 12,
        events: [eventExample],
        eventsTotal: 1,
        attempt: 2,
        nextAt: '2026-01-15T09:35:12.000Z',
        lastCode: 'answer-busy',
        lastStatus: 503,
        lastAnswer: 'try again later',
        attemptedAt: '2026-01-15T09:30:06.000Z',
        endedAt: null,
        createdAt: at,
      },
    ],
  },
)
export type Delivery = Static<typeof Delivery>

/** A page of deliveries. */
export const DeliveryList = Type.Object(
  { items: Type.Array(ref(Delivery)), next: nullableCursor },
  { $id: 'DeliveryList', description: 'Deliveries, the latest first' },
)
export type DeliveryList = Static<typeof DeliveryList>

/** What became of the secrets when they were sealed anew. */
export const Resealed = Type.Object(
  {
    key: Type.String({ description: 'Id of the key that seals' }),
    resealed: count('Channels whose secrets were sealed with another key'),
    unchanged: count('Channels whose secrets were sealed with this one'),
    failed: Type.Array(
      Type.Object({
        channel: Uuid,
        code: Type.String({ description: '`secret-key-unknown` or `secret-broken`' }),
      }),
      { description: 'Channels whose secrets cannot be opened' },
    ),
  },
  {
    $id: 'Resealed',
    description: 'What became of the secrets of channels',
    examples: [{ key: 'k2', resealed: 3, unchanged: 0, failed: [] }],
  },
)
export type Resealed = Static<typeof Resealed>
