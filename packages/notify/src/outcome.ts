import type { Target } from '@basedrift/contract'
import { NotifyError, type NotifyErrorCode } from './errors.js'
import type { Answer } from './net/request.js'
import { retryAfter } from './retry.js'

/** What became of one attempt. */
export interface Outcome {
  /** `retry`: not now; `gone`: the channel is no more; `refused`: trying again would change nothing. */
  readonly state: 'sent' | 'retry' | 'gone' | 'refused'
  /** Why, of all but `sent`. */
  readonly code: NotifyErrorCode | null
  /** HTTP or SMTP status; null where there was no answer. */
  readonly status: number | null
  /** What the other side said: at most 1 KiB in one line, without secrets and URLs. */
  readonly answer: string
  /** Of `retry`: what the other side asked for, at most a day ahead. The schedule may say later. */
  readonly notBefore: Date | null
}

/** Most bytes of an answer that are kept. */
const keptAnswerBytes = 1024

/** Texts of a target that an answer must not repeat: its secrets, and the parts of its URLs that may be some. */
function secretsOf(target: Target): string[] {
  const urls: string[] = []
  const secrets: string[] = []
  if (target.kind === 'matrix') secrets.push(target.token)
  else if (target.kind === 'email') {
    const { user, password } = target
    // The third is what `AUTH PLAIN` sends (RFC 4616).
    if (user !== undefined && password !== undefined)
      secrets.push(user, password, `\u0000${user}\u0000${password}`)
  } else urls.push(target.url)
  if (target.kind === 'webhook') secrets.push(...target.signing, ...target.signing.map((key) => key.slice(6)))
  for (const text of urls) {
    const url = URL.canParse(text) ? new URL(text) : null
    if (url === null) continue
    const values = [...url.searchParams.values()]
    const segments = url.pathname.split('/').filter((segment) => segment.length >= 6)
    secrets.push(text, `${url.pathname}${url.search}`, url.search, url.pathname, ...values, ...segments)
  }
  const spelled = secrets.flatMap((text) => [
    text,
    encodeURIComponent(text),
    Buffer.from(text).toString('base64'),
  ])
  return [...new Set(spelled)].filter((text) => text.length >= 4).sort((a, b) => b.length - a.length)
}

/** An answer as it may be kept and shown. */
export function keptAnswer(target: Target, text: string): string {
  let clean = text.slice(0, 64 * 1024)
  for (const secret of secretsOf(target)) clean = clean.replaceAll(secret, '[redacted]')
  clean = clean
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>\\]*/gi, '[URL]')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]+/gu, ' ')
    .trim()
  if (Buffer.byteLength(clean) <= keptAnswerBytes) return clean
  const bytes = Buffer.from(clean).subarray(0, keptAnswerBytes - 3)
  return `${new TextDecoder().decode(bytes, { stream: true })}…`
}

const sent = (status: number, answer: string): Outcome => ({
  state: 'sent',
  code: null,
  status,
  answer,
  notBefore: null,
})

/** Answers of an HTTP server that pass by themselves: RFC 9110, 15.5.9 and 15.6; RFC 6585, 4; RFC 8470, 5.2. */
function passes(status: number): boolean {
  return [408, 425, 429].includes(status) || status >= 500
}

/**
 * What an HTTP answer means. 2xx is sent, 410 gone, 3xx refused (redirects are not followed), what passes by itself is tried again.
 * @param patient whether every other answer is tried again too, as Standard Webhooks asks of its senders; the services of chats
 *   answer 4xx to what they will never take
 * @param wait what the body asks for, where there is no `Retry-After`
 */
export function outcomeOf(
  target: Target,
  answer: Answer,
  at: Date,
  { patient = false, wait = null }: { patient?: boolean; wait?: Date | null } = {},
): Outcome {
  const { status } = answer
  const kept = keptAnswer(target, answer.body)
  if (status >= 200 && status < 300) return sent(status, kept)
  if (status === 410) return { state: 'gone', code: 'channel-gone', status, answer: kept, notBefore: null }
  if (status >= 300 && status < 400)
    return { state: 'refused', code: 'redirected', status, answer: kept, notBefore: null }
  const notBefore = retryAfter(answer.retryAfter, at) ?? wait
  if (passes(status)) return { state: 'retry', code: 'answer-busy', status, answer: kept, notBefore }
  if (patient) return { state: 'retry', code: 'answer-refused', status, answer: kept, notBefore }
  return { state: 'refused', code: 'answer-refused', status, answer: kept, notBefore: null }
}

/** Errors after which another attempt may go otherwise. */
const passing = new Set<NotifyErrorCode>(['host-unresolved', 'connection-failed', 'timed-out', 'answer-busy'])

/** What an error means. One that is not of this package is an error of the program, and is thrown again. */
export function outcomeOfError(error: unknown): Outcome {
  if (!(error instanceof NotifyError)) throw error
  const state = passing.has(error.code) ? 'retry' : 'refused'
  return { state, code: error.code, status: null, answer: '', notBefore: null }
}
