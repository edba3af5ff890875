import type { ChannelKind } from '@basedrift/contract'

/** A message as its reader has it: what each service makes of its markup, in the little that messages may use. */
export interface Shown {
  text: string
  links: string[]
  /** Whatever would notify somebody, or be markup that is not ours. */
  foreign: string[]
}

const entities = (text: string) =>
  text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

/** What clients turn into links and mentions in plain text; `links` are those that are meant to be there. */
function inPlain(text: string, links: readonly string[]): string[] {
  let rest = text
  for (const link of [...links].sort((a, b) => b.length - a.length)) rest = rest.replaceAll(link, ' ')
  return (
    rest.match(/[\p{L}][\p{L}\p{N}+.-]*:\/|\bwww\.\S|\b(mailto|javascript|data):\S|[@#][^\s\u200b]/giu) ?? []
  )
}

type Slack = { text: string; blocks: { text?: SlackText; fields?: SlackText[]; elements?: SlackText[] }[] }
type SlackText = { type: string; text: string; verbatim?: boolean; emoji?: boolean }

function slack(body: string): Shown {
  const message = JSON.parse(body) as Slack
  const texts = message.blocks.flatMap(({ text, fields, elements }) => [
    ...(text ? [text] : []),
    ...(fields ?? []),
    ...(elements ?? []),
  ])
  const links: string[] = []
  const foreign: string[] = []
  const lines = texts.map(({ type, text, verbatim, emoji }) => {
    if (type === 'plain_text') {
      if (emoji !== false || /[<>]/.test(text)) foreign.push(text)
      foreign.push(...inPlain(entities(text), []))
      return entities(text)
    }
    if (verbatim !== true) foreign.push('not verbatim')
    return entities(
      text.replace(/<([^>]*)>/g, (_, inner: string) => {
        if (/^https?:\/\/[^|]*$/.test(inner)) links.push(entities(inner))
        else foreign.push(inner)
        return inner
      }),
    )
  })
  foreign.push(...(message.text.match(/[<>]/g) ?? []), ...inPlain(entities(message.text), links))
  return { text: lines.join('\n'), links, foreign }
}

/** CommonMark, as far as it goes: code spans first (6.1), then our links; any other markup is foreign. */
function mattermost(body: string): Shown {
  const { attachments } = JSON.parse(body) as { attachments: { text: string; fallback: string }[] }
  const links: string[] = []
  const foreign: string[] = []
  const read = (markdown: string): string => {
    let text = ''
    let at = 0
    while (at < markdown.length) {
      const rest = markdown.slice(at)
      const [fence] = /^`+/.exec(rest) ?? []
      if (fence !== undefined) {
        const close = new RegExp(`(?<!\`)${fence}(?!\`)`).exec(rest.slice(fence.length))
        if (close === null) {
          foreign.push(fence)
          return text
        }
        text += rest.slice(fence.length, fence.length + close.index)
        at += fence.length * 2 + close.index
        continue
      }
      const link = /^\[((?:[^[\]\\]|\\.)*)\]\((https?:\/\/[^\s()<>]*)\)/.exec(rest)
      if (link) {
        links.push(link[2] as string)
        text += link[1] as string
        at += link[0].length
        continue
      }
      const escaped = /^\\([\\`*_{}[\]<>#|~])/.exec(rest)
      const bold = rest.startsWith('**') && at === 0 ? rest.indexOf('**', 2) : -1
      if (escaped) {
        text += escaped[1] as string
        at += 2
      } else if (bold > 0) {
        text += rest.slice(2, bold)
        at += bold + 2
      } else {
        const character = markdown[at] as string
        if (/[\\*_{}[\]<>#|@]/.test(character)) foreign.push(rest.slice(0, 20))
        text += character
        at++
      }
    }
    return text
  }
  const text = attachments.map((attachment) => read(attachment.text)).join('\n')
  foreign.push(...attachments.flatMap(({ fallback }) => inPlain(fallback, links)))
  return { text, links, foreign }
}

function matrix(body: string): Shown {
  const content = JSON.parse(body) as { body: string; formatted_body: string }
  const links: string[] = []
  const foreign: string[] = []
  let inCode = false
  let text = ''
  for (const [token] of content.formatted_body.matchAll(/<[^>]*>|[^<]+|</g)) {
    const href = /^<a href="([^"<>]*)">$/.exec(token)
    if (href) links.push(entities(href[1] as string))
    else if (/^<\/?code>$/.test(token)) inCode = token === '<code>'
    else if (/^<(\/?p|br\/|\/?strong|\/a)>$/.test(token))
      text += token === '<br/>' || token === '</p>' ? '\n' : ''
    else if (token.startsWith('<')) foreign.push(token)
    else {
      if (/&(?!#\d+;)|[>"']/.test(token)) foreign.push(token)
      if (!inCode) foreign.push(...inPlain(entities(token), links))
      text += entities(token)
    }
  }
  foreign.push(...inPlain(content.body, links))
  return { text, links, foreign }
}

function teams(body: string): Shown {
  const links: string[] = []
  const foreign: string[] = []
  const texts: string[] = []
  JSON.parse(body, (key, value: unknown) => {
    if (key === 'url') links.push(String(value))
    else if (key === 'title') texts.push(String(value))
    else if (key === 'text') {
      texts.push(String(value))
      foreign.push(...inPlain(String(value), []), ...(String(value).match(/\{\{/g) ?? []))
    } else if (key === 'entities' || key === 'selectAction') foreign.push(key)
    return value
  })
  return { text: texts.join('\n'), links, foreign }
}

const mailHeaders = [
  'from',
  'to',
  'subject',
  'message-id',
  'date',
  'auto-submitted',
  'x-auto-response-suppress',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
]

function quotedPrintable(text: string, header: boolean): string {
  const joined = text.replace(/=\r\n/g, '')
  const spaced = header ? joined.replaceAll('_', ' ') : joined
  const bytes = spaced.replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** A subject as RFC 2047 has it: encoded words, without the space between two of them. */
function decodedWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?UTF-8\?([QB])\?([^?]*)\?=/gi, (_, how: string, words: string) =>
      how.toUpperCase() === 'Q'
        ? quotedPrintable(words, true)
        : Buffer.from(words, 'base64').toString('utf8'),
    )
}

/** A mail: one text, and no header beside those that there should be. */
function email(body: string): Shown {
  const end = body.indexOf('\r\n\r\n')
  const headers = body
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const named = headers.map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
  const foreign = [...named.filter((header) => !mailHeaders.includes(header))]
  foreign.push(...mailHeaders.filter((header) => named.filter((other) => other === header).length !== 1))
  const value = (header: string) => headers[named.indexOf(header)]?.slice(header.length + 2) ?? ''
  if (!/^text\/plain; charset=utf-8$/i.test(value('content-type'))) foreign.push(value('content-type'))
  if (value('to') !== 'kernel@mail.test, release@mail.test') foreign.push(value('to'))
  const encoded = value('content-transfer-encoding').toLowerCase() === 'quoted-printable'
  const text = encoded ? quotedPrintable(body.slice(end + 4), false) : body.slice(end + 4)
  const links = text.match(/https?:\/\/\S+$/gm) ?? []
  const subject = decodedWords(value('subject'))
  foreign.push(...inPlain(text, links), ...inPlain(subject, []))
  return {
    text: `${subject}\n${text.replaceAll('\r\n', '\n')}`,
    links: links.map((link) => link.trim()),
    foreign,
  }
}

function webhook(body: string): Shown {
  const links: string[] = []
  const texts: string[] = []
  const { data } = JSON.parse(body) as {
    data: { url: string; text?: string; notices?: { url: string; text: string }[]; omitted?: number }
  }
  links.push(data.url, ...(data.notices ?? []).map(({ url }) => url))
  if (data.text !== undefined) texts.push(data.text)
  texts.push(...(data.notices ?? []).map(({ text }) => text))
  if (data.omitted !== undefined && data.omitted > 0) texts.push(`${data.omitted} more events`)
  return { text: texts.join('\n'), links, foreign: texts.flatMap((text) => inPlain(text, links)) }
}

const readers = { slack, mattermost, matrix, teams, email, webhook } as const satisfies Record<
  ChannelKind,
  unknown
>

/** What a reader of this kind of channel sees. */
export function shown(kind: ChannelKind, body: string): Shown {
  return readers[kind](body)
}
