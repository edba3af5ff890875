import type { SlackTarget } from '@basedrift/contract'
import { headline, type Message, omitted, type Told } from '../message.js'
import type { Net } from '../net/net.js'
import { type Outcome, outcomeOf } from '../outcome.js'
import type { Entry } from '../text/entries.js'
import { fitted, largest, type Part } from '../text/parts.js'
import { plainPart, plainText } from '../text/plain.js'
import { type Adapter, type Attempt, jsonHeaders } from './adapter.js'

/**
 * Limits of Slack. Block Kit reference: 50 blocks a message, 3,000 characters a text of a section, 2,000 a field, 150 a header.
 * Changelog 2018-04 "Truncating really long messages": 40,000 characters of `text`. All blocks together are refused as
 * `msg_blocks_too_long`, which is not documented, from about 13,300 characters, of which an empty divider takes 125
 * (slackapi/bolt-js#2509).
 */
const limits = { blocks: 50, allBlocks: 12_500, perBlock: 150 } as const

/** Characters of an event: below those of a section, and of `text`. */
const entryMax = 2400

interface PlainText {
  type: 'plain_text'
  text: string
  emoji: false
}
interface Markdown {
  type: 'mrkdwn'
  text: string
  verbatim: true
}
type Block =
  | { type: 'header'; text: PlainText }
  | { type: 'section'; text: PlainText; fields?: [Markdown] }
  | { type: 'context'; elements: [Markdown] }

/** Body of an incoming webhook. */
export interface SlackPayload {
  text: string
  mrkdwn: false
  link_names: 0
  parse: 'none'
  unfurl_links: false
  unfurl_media: false
  blocks: Block[]
}

/** "Formatting text for app surfaces": `&`, `<` and `>` start mentions, links and entities in every text, and nothing else does. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Names stand in `plain_text`, which has no markup to escape beyond that. */
const show = (part: Part) => escapeSlack(plainPart(part))
const plain = (text: string): PlainText => ({ type: 'plain_text', text, emoji: false })
const link = (words: string, url: string): Markdown => ({
  type: 'mrkdwn',
  text: `${escapeSlack(words)}: <${escapeSlack(url)}>`,
  verbatim: true,
})

function section(entry: Entry): Block {
  return {
    type: 'section',
    text: plain(fitted(entry.what, show, entryMax)),
    fields: [link(entry.todo, entry.url)],
  }
}

function blocksOf({ entries, baseUrl }: Told, count: number): Block[] {
  const rest = entries.length - count
  const head: Block[] = entries.length === 1 ? [] : [{ type: 'header', text: plain(headline(entries)) }]
  const more: Block[] = rest === 0 ? [] : [{ type: 'context', elements: [link(omitted(rest), baseUrl)] }]
  return [...head, ...entries.slice(0, count).map(section), ...more]
}

/** What Slack makes of the blocks, at least. */
const sizeOf = (blocks: readonly Block[]) =>
  blocks.reduce((sum, block) => sum + JSON.stringify(block).length + limits.perBlock, 0)

/**
 * An incoming webhook of Slack: `POST` of JSON, answered with `ok`. One message a second; 429 has `Retry-After` in seconds (docs,
 * "Rate limits"). 400 `invalid_payload`, 403 `action_prohibited`, 404 `channel_not_found` and `no_service`, 410
 * `channel_is_archived` (changelog 2016-05-17).
 */
export const slack: Adapter<'slack', SlackPayload> = {
  kind: 'slack',

  render(told: Told): Message<SlackPayload> {
    const count = largest(told.entries.length, (nth) => {
      const blocks = blocksOf(told, nth)
      return blocks.length <= limits.blocks && sizeOf(blocks) <= limits.allBlocks
    })
    const [only] = told.entries
    const text =
      told.entries.length === 1 && only
        ? `${fitted(only.what, show, entryMax)}\n${escapeSlack(only.todo)}: ${escapeSlack(only.url)}`
        : headline(told.entries)
    return {
      kind: 'slack',
      text: plainText(told, 4000, entryMax),
      payload: {
        text,
        mrkdwn: false,
        link_names: 0,
        parse: 'none',
        unfurl_links: false,
        unfurl_media: false,
        blocks: blocksOf(told, count),
      },
    }
  },

  async send(target: SlackTarget, payload: SlackPayload, { at }: Attempt, net: Net): Promise<Outcome> {
    const body = JSON.stringify(payload)
    const answer = await net.request({ method: 'POST', url: target.url, headers: jsonHeaders, body })
    return outcomeOf(target, answer, at)
  },
}
