import type { MattermostTarget, Severity } from '@basedrift/contract'
import { headline, type Message, omitted, type Told, worst } from '../message.js'
import type { Net } from '../net/net.js'
import { type Outcome, outcomeOf } from '../outcome.js'
import type { Entry } from '../text/entries.js'
import { fitted, largest, type Part } from '../text/parts.js'
import { plainText } from '../text/plain.js'
import { type Adapter, type Attempt, jsonHeaders } from './adapter.js'

/**
 * `PostMessageMaxRunesV2` of Mattermost: 65,535 / 4 = 16,383 characters of a post; longer attachments are split over several posts,
 * and cut after a few.
 */
const textMax = 15_000
const entryMax = 4000
const fallbackMax = 1000

/** Body of an incoming webhook, with one attachment. */
export interface MattermostPayload {
  attachments: [{ fallback: string; color: string; text: string }]
}

const colors: Readonly<Record<Severity, string>> = {
  info: '#4a7fb5',
  warning: '#d08700',
  critical: '#c22f2f',
}

/**
 * A name as a code span (CommonMark 6.1): nothing in it is markup, a mention, a link, an emoji or a formula, neither for the server
 * that notifies nor for the clients that show. The fence is longer than every run of backticks in the name.
 */
function codeSpan(text: string): string {
  const runs = text.match(/`+/g) ?? []
  const fence = '`'.repeat(1 + Math.max(0, ...runs.map((run) => run.length)))
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${text}${pad}${fence}`
}

/** Text of ours has no name in it; what it has of Markdown's characters is escaped all the same. */
const escapeMarkdown = (text: string) => text.replace(/[\\`*_{}[\]<>#|~]/g, '\\$&')

const show = ({ text, name }: Part) => (name ? codeSpan(text) : escapeMarkdown(text))
const link = (words: string, url: string) => `[${escapeMarkdown(words)}](${url})`

function paragraph(entry: Entry): string {
  const todo = link(entry.todo, entry.url)
  return `${fitted(entry.what, show, entryMax - todo.length - 1)}\n${todo}`
}

function textOf({ entries, baseUrl }: Told, count: number): string {
  const rest = entries.length - count
  const head = entries.length === 1 ? [] : [`**${escapeMarkdown(headline(entries))}**`]
  const more = rest === 0 ? [] : [link(omitted(rest), baseUrl)]
  return [...head, ...entries.slice(0, count).map(paragraph), ...more].join('\n\n')
}

/** An incoming webhook of Mattermost: `POST` of JSON, answered with `ok`; 400 where it is no message, 429 where it is too many. */
export const mattermost: Adapter<'mattermost', MattermostPayload> = {
  kind: 'mattermost',

  render(told: Told): Message<MattermostPayload> {
    const count = largest(told.entries.length, (nth) => textOf(told, nth).length <= textMax)
    const fallback =
      told.entries.length === 1 ? plainText(told, fallbackMax, entryMax) : headline(told.entries)
    return {
      kind: 'mattermost',
      text: plainText(told, entryMax, entryMax),
      payload: { attachments: [{ fallback, color: colors[worst(told.entries)], text: textOf(told, count) }] },
    }
  },

  async send(
    target: MattermostTarget,
    payload: MattermostPayload,
    { at }: Attempt,
    net: Net,
  ): Promise<Outcome> {
    const body = JSON.stringify(payload)
    const answer = await net.request({ method: 'POST', url: target.url, headers: jsonHeaders, body })
    return outcomeOf(target, answer, at)
  },
}
