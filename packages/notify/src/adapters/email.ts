import type { Socket } from 'node:net'
import type { EmailTarget } from '@basedrift/contract'
import { createTransport } from 'nodemailer'
import { NotifyError } from '../errors.js'
import { headline, type Message, type Told } from '../message.js'
import type { Net } from '../net/net.js'
import { until } from '../net/until.js'
import { keptAnswer, type Outcome } from '../outcome.js'
import { fitted } from '../text/parts.js'
import { plainPart, plainText } from '../text/plain.js'
import type { Adapter, Attempt } from './adapter.js'

/** RFC 5322, 2.1.1: a header line of at most 998 characters; longer subjects than this are cut in every list. Text is cut by choice. */
const limits = { subject: 200, text: 64_000 } as const

const entryMax = 4000
const prefix = '[Basedrift] '

/** A mail before it is addressed. */
export interface EmailPayload {
  subject: string
  text: string
}

/** What a failed conversation with a server leaves behind. */
interface SmtpFailure {
  code?: string
  responseCode?: number
  response?: string
}

/** RFC 5321, 4.2.1: 4yz passes by itself, 5yz does not. A conversation that broke off may go better later. */
function outcomeOfFailure(target: EmailTarget, { code, responseCode, response }: SmtpFailure): Outcome {
  const answer = keptAnswer(target, response ?? '')
  const status = responseCode ?? null
  const none = { status, answer, notBefore: null }
  if (code === 'ETLS' && target.security === 'starttls' && status !== null)
    return { state: 'refused', code: 'smtp-insecure', ...none }
  if (status === null)
    return { state: 'retry', code: code === 'ETIMEDOUT' ? 'timed-out' : 'connection-failed', ...none }
  if (status >= 500) return { state: 'refused', code: 'answer-refused', ...none }
  return { state: 'retry', code: 'answer-busy', ...none }
}

/**
 * Mail over SMTP, as text alone. TLS is required unless target and operator both say otherwise; the certificate is checked by the
 * name of the host. The Message-ID is made from the id of the delivery: many servers drop what they have.
 */
export const email: Adapter<'email', EmailPayload> = {
  kind: 'email',

  render(told: Told): Message<EmailPayload> {
    const [only] = told.entries
    const subject =
      told.entries.length === 1 && only
        ? fitted(only.what, plainPart, limits.subject - prefix.length)
        : headline(told.entries).replace(/^Basedrift: /, '')
    const text = plainText(told, limits.text, entryMax)
    return { kind: 'email', text, payload: { subject: `${prefix}${subject}`, text: `${text}\n` } }
  },

  async send(target: EmailTarget, payload: EmailPayload, { id, at }: Attempt, net: Net): Promise<Outcome> {
    if (target.security === 'none' && !net.allowInsecure) throw new NotifyError('smtp-insecure')
    const host = net.checkHost(target.host, target.port)
    const { user, password } = target
    const stop = new AbortController()
    let socket: Socket | undefined
    const timer = setTimeout(() => {
      stop.abort()
      socket?.destroy()
    }, net.timeoutMs)
    try {
      socket = await net.open(target.host, target.port, stop.signal)
      const connection = socket
      connection.on('error', () => undefined)
      const transport = createTransport({
        host,
        port: target.port,
        secure: target.security === 'tls',
        requireTLS: target.security === 'starttls',
        ignoreTLS: target.security === 'none',
        tls: { rejectUnauthorized: true, ...(net.ca === undefined ? {} : { ca: [...net.ca] }) },
        ...(user === undefined || password === undefined ? {} : { auth: { user, pass: password } }),
        getSocket: (_options, callback) => callback(null, { connection }),
        greetingTimeout: net.timeoutMs,
        socketTimeout: net.timeoutMs,
        socketCloseTimeout: 0,
        maxResponseSize: 64 * 1024,
        disableFileAccess: true,
        disableUrlAccess: true,
      })
      const { from, to } = target
      const sending = transport.sendMail({
        envelope: { from, to },
        from: { name: 'Basedrift', address: from },
        to: to.map((address) => ({ name: '', address })),
        subject: payload.subject,
        text: payload.text,
        textEncoding: 'quoted-printable',
        date: at,
        messageId: `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      })
      const sent = await until(sending, stop.signal)
      const refused =
        sent.rejected.length === 0 ? '' : `${sent.rejected.length} of ${to.length} recipients refused. `
      const answer = keptAnswer(target, `${refused}${sent.response}`)
      const waiting = sent.rejectedErrors?.find(({ permanent }) => permanent === false)
      // Some have it, some were put off: it comes again to all, and those who have it can tell by its Message-ID.
      if (waiting !== undefined)
        return {
          state: 'retry',
          code: 'answer-busy',
          status: waiting.responseCode ?? null,
          answer,
          notBefore: null,
        }
      return { state: 'sent', code: null, status: 250, answer, notBefore: null }
    } catch (error) {
      if (error instanceof NotifyError) throw error
      if (stop.signal.aborted) throw new NotifyError('timed-out')
      if (!(error instanceof Error)) throw error
      return outcomeOfFailure(target, error as SmtpFailure)
    } finally {
      clearTimeout(timer)
      socket?.destroy()
    }
  },
}
