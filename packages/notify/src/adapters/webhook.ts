import type { Notice, WebhookTarget } from '@basedrift/contract'
import type { Message, Told } from '../message.js'
import type { Net } from '../net/net.js'
import { type Outcome, outcomeOf } from '../outcome.js'
import { signMessage } from '../signing.js'
import type { Entry } from '../text/entries.js'
import { largest } from '../text/parts.js'
import { plainEntry, plainText } from '../text/plain.js'
import { type Adapter, type Attempt, jsonBytes, jsonHeaders } from './adapter.js'

/** Standard Webhooks 1.0, "Payload size": usually smaller than 20 kB. */
export const webhookLimits = { body: 20_000 } as const

const entryMax = 4000

/** An event with its text and its link. */
export type ToldNotice = Notice & { text: string; url: string }

/** Body of a request: Standard Webhooks 1.0, "Payload structure". */
export interface WebhookPayload {
  /** `notice.KIND`, with `_` for `-`; `notice.digest` for several. */
  type: string
  /** When it happened; of a digest, the latest. */
  timestamp: string
  data: ToldNotice | { total: number; omitted: number; notices: ToldNotice[]; url: string }
}

const toldOf = (entry: Entry): ToldNotice => ({
  ...entry.notice,
  text: plainEntry(entry, entryMax),
  url: entry.url,
})

function bodyOf({ entries, baseUrl }: Told, count: number): WebhookPayload {
  const [only] = entries
  if (entries.length === 1 && only)
    return {
      type: `notice.${only.notice.kind.replaceAll('-', '_')}`,
      timestamp: only.notice.at,
      data: toldOf(only),
    }
  const timestamp = entries
    .map(({ notice }) => new Date(notice.at).toISOString())
    .reduce((a, b) => (a > b ? a : b))
  const notices = entries.slice(0, count).map(toldOf)
  return {
    type: 'notice.digest',
    timestamp,
    data: { total: entries.length, omitted: entries.length - count, notices, url: baseUrl },
  }
}

/**
 * A URL that takes events signed by Standard Webhooks 1.0. Only 2xx is an acceptance and 410 the end; every other answer but a
 * redirect is tried again, as "Delivery success and failure" has it.
 */
export const webhook: Adapter<'webhook', WebhookPayload> = {
  kind: 'webhook',

  render(told: Told): Message<WebhookPayload> {
    const count = largest(told.entries.length, (nth) => jsonBytes(bodyOf(told, nth)) <= webhookLimits.body)
    return { kind: 'webhook', text: plainText(told, entryMax, entryMax), payload: bodyOf(told, count) }
  },

  async send(
    target: WebhookTarget,
    payload: WebhookPayload,
    { id, at }: Attempt,
    net: Net,
  ): Promise<Outcome> {
    const body = JSON.stringify(payload)
    const signed = signMessage(target.signing, { id, at, payload: body })
    const answer = await net.request({
      method: 'POST',
      url: target.url,
      headers: { ...jsonHeaders, ...signed },
      body,
    })
    return outcomeOf(target, answer, at, { patient: true })
  },
}
