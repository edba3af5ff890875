import type { Notice, WebhookTarget } from '@basedrift/contract'
import type { Message, Told } from '../message.js'
import type { Net } from '../net/net.js'
import { type Outcome, outcomeOf } from '../outcome.js'
import { signMessage } from '../signing.js'
import type { Entry } from '../text/entries.js'
import { largest } from '../text/parts.js'
import { plainEntry, plainText } from '../text/plain.js'
import { cut } from '../text/tame.js'
import { type Adapter, type Attempt, jsonBytes, jsonHeaders } from './adapter.js'

/** Standard Webhooks 1.0, "Payload size": usually smaller than 20 kB. */
const bodyBytes = 20_000

const entryMax = 1200

/** Bytes of one event: what a schema lets through may be more, and is cut. */
const entryBytes = 12_000
const cuts = [Number.POSITIVE_INFINITY, 512, 128, 64] as const

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

/** The event with its longest texts cut, as far as its size asks for. Links stay whole. */
function toldOf(entry: Entry): ToldNotice {
  const text = plainEntry(entry, entryMax)
  const shortened = (max: number): ToldNotice => {
    const copy: unknown = JSON.parse(JSON.stringify(entry.notice), (key, value: unknown) =>
      typeof value === 'string' && key !== 'link' ? cut(value, max) : value,
    )
    return { ...(copy as Notice), text, url: entry.url }
  }
  const max = cuts.find((each) => jsonBytes(shortened(each)) <= entryBytes) ?? 64
  return shortened(max)
}

function bodyOf({ entries, baseUrl }: Told, notices: readonly ToldNotice[]): WebhookPayload {
  const [only] = entries
  const [notice] = notices
  if (entries.length === 1 && only && notice)
    return {
      type: `notice.${only.notice.kind.replaceAll('-', '_')}`,
      timestamp: only.notice.at,
      data: notice,
    }
  const timestamp = entries
    .map((entry) => new Date(entry.notice.at).toISOString())
    .reduce((a, b) => (a > b ? a : b))
  const total = entries.length
  return {
    type: 'notice.digest',
    timestamp,
    data: { total, omitted: total - notices.length, notices: [...notices], url: baseUrl },
  }
}

/** Attempts after which a message is given up that its receiver answers with 4xx: what comes after it waits meanwhile. */
const mostRefusals = 3

/** Refusals that are no matter of one message: a key that is not taken, a receiver that is not there. */
const ofChannel = new Set([401, 403, 404])

/**
 * A URL that takes events signed by Standard Webhooks 1.0. Only 2xx is an acceptance and 410 the end; every other answer but a
 * redirect is tried again, what the receiver refuses of one message three times in all, as "Delivery success and failure" has it.
 */
export const webhook: Adapter<'webhook', WebhookPayload> = {
  kind: 'webhook',

  render(told: Told): Message<WebhookPayload> {
    // No event is smaller than 100 bytes.
    const notices = told.entries.slice(0, bodyBytes / 100).map(toldOf)
    const body = (count: number) => bodyOf(told, notices.slice(0, count))
    const count = largest(notices.length, (nth) => jsonBytes(body(nth)) <= bodyBytes)
    return { kind: 'webhook', text: plainText(told, 4000, entryMax), payload: body(count) }
  },

  async send(
    target: WebhookTarget,
    payload: WebhookPayload,
    { id, at, attempt }: Attempt,
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
    return outcomeOf(target, answer, at, { patient: attempt < mostRefusals || ofChannel.has(answer.status) })
  },
}
