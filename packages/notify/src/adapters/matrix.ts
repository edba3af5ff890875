import type { MatrixTarget } from '@basedrift/contract'
import { headline, type Message, omitted, type Told, worst } from '../message.js'
import type { Net } from '../net/net.js'
import { type Outcome, outcomeOf } from '../outcome.js'
import { longestWaitSeconds } from '../retry.js'
import type { Entry } from '../text/entries.js'
import { fitted, largest, type Part } from '../text/parts.js'
import { plainEntry, plainText } from '../text/plain.js'
import { type Adapter, type Attempt, jsonBytes, jsonHeaders } from './adapter.js'

/** Client-Server API, "Size limits": 65,536 bytes of a whole event, with what the server adds to it. */
const contentBytes = 40_000
const entryMax = 4000

/** Content of an `m.room.message`. */
export interface MatrixPayload {
  /** A notice rings nobody's bell: `.m.rule.suppress_notices`. */
  msgtype: 'm.text' | 'm.notice'
  body: string
  format: 'org.matrix.custom.html'
  formatted_body: string
  /** Empty: nobody is mentioned, whatever the text says ("User and room mentions", since 1.7). */
  'm.mentions': Record<string, never>
}

/** Text in HTML, also between quotes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Clients do not look for links and rooms in `code`. */
const show = ({ text, name }: Part) => (name ? `<code>${escapeHtml(text)}</code>` : escapeHtml(text))
const link = (words: string, url: string) => `<a href="${escapeHtml(url)}">${escapeHtml(words)}</a>`

function paragraph(entry: Entry): string {
  return `<p>${fitted(entry.what, show, entryMax)}<br/>${link(entry.todo, entry.url)}</p>`
}

function contentOf(told: Told, count: number): MatrixPayload {
  const { entries, baseUrl } = told
  const rest = entries.length - count
  const several = entries.length > 1
  const shown = entries.slice(0, count)
  const html = [
    several ? `<p><strong>${escapeHtml(headline(entries))}</strong></p>` : '',
    ...shown.map(paragraph),
    rest === 0 ? '' : `<p>${link(omitted(rest), baseUrl)}</p>`,
  ]
  const plain = [
    ...(several ? [headline(entries)] : []),
    ...shown.map((entry) => plainEntry(entry, entryMax)),
    ...(rest === 0 ? [] : [`${omitted(rest)}: ${baseUrl}`]),
  ]
  return {
    msgtype: worst(entries) === 'info' ? 'm.notice' : 'm.text',
    body: plain.join('\n\n'),
    format: 'org.matrix.custom.html',
    formatted_body: html.join(''),
    'm.mentions': {},
  }
}

/** `retry_after_ms` of `M_LIMIT_EXCEEDED`: servers before 1.10 say it there alone. */
function waitOf(body: string, at: Date): Date | null {
  const [, digits] = /"retry_after_ms"\s*:\s*(\d{1,10})/.exec(body) ?? []
  if (digits === undefined) return null
  return new Date(at.getTime() + Math.min(Number(digits), longestWaitSeconds * 1000))
}

/**
 * A room of Matrix: `PUT /_matrix/client/v3/rooms/{roomId}/send/m.room.message/{txnId}`. The transaction id is that of the delivery:
 * the same again from the same account is answered with the same event, and is not shown twice ("Transaction identifiers").
 */
export const matrix: Adapter<'matrix', MatrixPayload> = {
  kind: 'matrix',

  render(told: Told): Message<MatrixPayload> {
    const count = largest(told.entries.length, (nth) => jsonBytes(contentOf(told, nth)) <= contentBytes)
    return {
      kind: 'matrix',
      text: plainText(told, entryMax, entryMax),
      payload: contentOf(told, count),
    }
  },

  async send(target: MatrixTarget, payload: MatrixPayload, { id, at }: Attempt, net: Net): Promise<Outcome> {
    const server = target.server.replace(/\/+$/, '')
    const room = encodeURIComponent(target.room)
    const answer = await net.request({
      method: 'PUT',
      url: `${server}/_matrix/client/v3/rooms/${room}/send/m.room.message/${encodeURIComponent(id)}`,
      headers: { ...jsonHeaders, authorization: `Bearer ${target.token}` },
      body: JSON.stringify(payload),
    })
    return outcomeOf(target, answer, at, { wait: waitOf(answer.body, at) })
  },
}
