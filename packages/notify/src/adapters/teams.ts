import type { Severity, TeamsTarget } from '@basedrift/contract'
import { headline, type Message, omitted, type Told } from '../message.js'
import type { Net } from '../net/net.js'
import { type Outcome, outcomeOf } from '../outcome.js'
import type { Entry } from '../text/entries.js'
import { fitted, largest, type Part } from '../text/parts.js'
import { plainPart, plainText } from '../text/plain.js'
import { type Adapter, type Attempt, jsonBytes, jsonHeaders } from './adapter.js'

/**
 * A limit of Microsoft Teams: a message of about 28 KB (learn.microsoft.com, Teams connector, "Known issues and limitations"; more is
 * "Request Entity too large"), of which others have seen 21,000 bytes pass for sure.
 */
const messageBytes = 21_000
const entryMax = 4000

interface TextRun {
  type: 'TextRun'
  text: string
  weight?: 'Bolder'
}
interface RichText {
  type: 'RichTextBlock'
  inlines: TextRun[]
}
interface Actions {
  type: 'ActionSet'
  actions: [{ type: 'Action.OpenUrl'; title: string; url: string }]
}
interface Container {
  type: 'Container'
  style: 'default' | 'warning' | 'attention'
  items: [RichText, Actions]
}

/** A message with one adaptive card. */
export interface TeamsPayload {
  type: 'message'
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive'
      contentUrl: null
      content: {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json'
        type: 'AdaptiveCard'
        version: '1.4'
        body: (RichText | Container | Actions)[]
        msteams: { width: 'Full' }
      }
    },
  ]
}

const styles: Readonly<Record<Severity, Container['style']>> = {
  info: 'default',
  warning: 'warning',
  critical: 'attention',
}

/**
 * A `TextRun` has no Markdown, unlike a `TextBlock` ("Text features": RichTextBlock does not support markdown); mentions need an
 * entity of the card, which is never there. What is left are the functions `{{DATE(…)}}`, so no two braces stand together.
 */
const show = (part: Part) => plainPart(part).replaceAll('{{', '{\u200b{').replaceAll('{{', '{\u200b{')
const run = (text: string): TextRun => ({ type: 'TextRun', text })
const open = (title: string, url: string): Actions => ({
  type: 'ActionSet',
  actions: [{ type: 'Action.OpenUrl', title, url }],
})

function container(entry: Entry): Container {
  const text: RichText = { type: 'RichTextBlock', inlines: [run(fitted(entry.what, show, entryMax))] }
  return { type: 'Container', style: styles[entry.severity], items: [text, open(entry.todo, entry.url)] }
}

function cardOf({ entries, baseUrl }: Told, count: number): TeamsPayload {
  const rest = entries.length - count
  const head: RichText[] =
    entries.length === 1
      ? []
      : [{ type: 'RichTextBlock', inlines: [{ ...run(headline(entries)), weight: 'Bolder' }] }]
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            ...head,
            ...entries.slice(0, count).map(container),
            ...(rest === 0 ? [] : [open(omitted(rest), baseUrl)]),
          ],
          msteams: { width: 'Full' },
        },
      },
    ],
  }
}

/**
 * A workflow of Microsoft Teams with the trigger "When a Teams webhook request is received": `POST` of JSON, answered with 202 before
 * it is shown. Four requests a second, then 429.
 */
export const teams: Adapter<'teams', TeamsPayload> = {
  kind: 'teams',

  render(told: Told): Message<TeamsPayload> {
    const count = largest(told.entries.length, (nth) => jsonBytes(cardOf(told, nth)) <= messageBytes)
    return { kind: 'teams', text: plainText(told, entryMax, entryMax), payload: cardOf(told, count) }
  },

  async send(target: TeamsTarget, payload: TeamsPayload, { at }: Attempt, net: Net): Promise<Outcome> {
    const body = JSON.stringify(payload)
    const answer = await net.request({ method: 'POST', url: target.url, headers: jsonHeaders, body })
    return outcomeOf(target, answer, at)
  },
}
