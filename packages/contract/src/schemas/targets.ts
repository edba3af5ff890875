import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import { smtpSecurities } from '../words.js'
import { oneOf } from './base.js'

/** Most recipients of an e-mail channel, and most signing keys of a webhook: one in use and those that it takes turns with. */
export const targetLimits = { recipients: 20, signingKeys: 4 } as const

const Url = Type.String({
  minLength: 8,
  maxLength: 2048,
  pattern: '^https?://[!-~]+$',
  description: 'An https URL. It may be a secret itself: it is stored sealed and never shown again',
})

const Address = Type.String({
  minLength: 3,
  maxLength: 254,
  pattern: "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*$",
  description: 'A mail address without a display name',
})

const secret = (description: string) =>
  Type.String({ minLength: 1, maxLength: 512, pattern: '^[!-~]+$', description })

/** An incoming webhook of Slack. */
export const SlackTarget = Type.Object(
  { kind: Type.Unsafe<'slack'>({ const: 'slack' }), url: Url },
  { $id: 'SlackTarget', additionalProperties: false, description: 'An incoming webhook of Slack' },
)
export type SlackTarget = Static<typeof SlackTarget>

/** An incoming webhook of Mattermost. */
export const MattermostTarget = Type.Object(
  { kind: Type.Unsafe<'mattermost'>({ const: 'mattermost' }), url: Url },
  { $id: 'MattermostTarget', additionalProperties: false, description: 'An incoming webhook of Mattermost' },
)
export type MattermostTarget = Static<typeof MattermostTarget>

/** A webhook of Microsoft Teams Workflows. */
export const TeamsTarget = Type.Object(
  { kind: Type.Unsafe<'teams'>({ const: 'teams' }), url: Url },
  {
    $id: 'TeamsTarget',
    additionalProperties: false,
    description: 'A workflow of Microsoft Teams that starts when a webhook request is received',
  },
)
export type TeamsTarget = Static<typeof TeamsTarget>

/** A room of Matrix. */
export const MatrixTarget = Type.Object(
  {
    kind: Type.Unsafe<'matrix'>({ const: 'matrix' }),
    server: Type.String({
      minLength: 8,
      maxLength: 256,
      pattern: '^https?://[!-~]+$',
      description: 'URL of the homeserver, as clients use it',
    }),
    room: Type.String({
      minLength: 2,
      maxLength: 255,
      pattern: '^![!-~]+$',
      description: 'Id of the room, not an alias',
      examples: ['!abcdefg:example.org'],
    }),
    token: secret('Access token of the account that writes; it must be in the room'),
  },
  { $id: 'MatrixTarget', additionalProperties: false, description: 'A room of Matrix' },
)
export type MatrixTarget = Static<typeof MatrixTarget>

/** Mail addresses, by way of an SMTP server. */
export const EmailTarget = Type.Object(
  {
    kind: Type.Unsafe<'email'>({ const: 'email' }),
    host: Type.String({
      minLength: 1,
      maxLength: 253,
      pattern: '^([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])$',
      description: 'SMTP server; an IPv6 address in brackets',
    }),
    port: Type.Integer({ minimum: 1, maximum: 65535, description: 'Usually 587, or 465 with `tls`' }),
    security: oneOf(
      smtpSecurities,
      '`starttls`: required; `tls`: from the first byte; `none`: in the clear, where the operator allows it',
    ),
    from: Address,
    to: Type.Array(Address, { minItems: 1, maxItems: targetLimits.recipients, uniqueItems: true }),
    user: Type.Optional(secret('For servers that want to know who sends')),
    password: Type.Optional(secret('Goes with `user`')),
  },
  {
    $id: 'EmailTarget',
    additionalProperties: false,
    description: 'Mail addresses, by way of an SMTP server',
  },
)
export type EmailTarget = Static<typeof EmailTarget>

/** A URL that takes signed events. */
export const WebhookTarget = Type.Object(
  {
    kind: Type.Unsafe<'webhook'>({ const: 'webhook' }),
    url: Url,
    signing: Type.Array(
      Type.String({ minLength: 10, maxLength: 160, pattern: '^wh(sec|sk)_[A-Za-z0-9+/]+={0,2}$' }),
      {
        minItems: 1,
        maxItems: targetLimits.signingKeys,
        uniqueItems: true,
        description:
          'Keys of Standard Webhooks: `whsec_` for HMAC-SHA256, `whsk_` for ed25519. Each signs, so that one can follow another',
      },
    ),
  },
  { $id: 'WebhookTarget', additionalProperties: false, description: 'A URL that takes signed events' },
)
export type WebhookTarget = Static<typeof WebhookTarget>

export type Target = SlackTarget | MattermostTarget | MatrixTarget | TeamsTarget | EmailTarget | WebhookTarget
export type ChannelKind = Target['kind']

const targets = [SlackTarget, MattermostTarget, MatrixTarget, TeamsTarget, EmailTarget, WebhookTarget]

/** Where a channel leads, by `kind`. */
export const Target = Type.Unsafe<Target>({
  $id: 'Target',
  anyOf: targets.map((schema) => ({ $ref: `${(schema as { $id?: string }).$id}#` })),
  description: 'Where a channel leads, by `kind`',
})

const context = Object.fromEntries(targets.map((schema) => [`${(schema as { $id?: string }).$id}#`, schema]))

/** Whether a value is a target as the schemas have it. */
export function isTarget(value: unknown): value is Target {
  return Value.Check(context, Target, value)
}

/** The fields of each kind that are sealed when stored, and never shown. */
export const targetSecrets = {
  slack: ['url'],
  mattermost: ['url'],
  teams: ['url'],
  matrix: ['token'],
  email: ['user', 'password'],
  webhook: ['url', 'signing'],
} as const satisfies Record<ChannelKind, readonly string[]>

/** A target in two: what may be shown, `kind` among it, and what is sealed. */
export function splitTarget(target: Target): {
  settings: { [field: string]: unknown }
  secrets: { [field: string]: unknown }
} {
  const hidden = new Set<string>(targetSecrets[target.kind])
  const fields = Object.entries(target)
  return {
    settings: Object.fromEntries(fields.filter(([field]) => !hidden.has(field))),
    secrets: Object.fromEntries(fields.filter(([field]) => hidden.has(field))),
  }
}

/** The target that was split, or null where the two are none. */
export function joinTarget(
  settings: { [field: string]: unknown },
  secrets: { [field: string]: unknown },
): Target | null {
  const target: unknown = { ...settings, ...secrets }
  return isTarget(target) ? target : null
}
