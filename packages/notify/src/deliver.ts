import { type ChannelKind, isTarget, type Notice, type Target } from '@basedrift/contract'
import type { Adapter, Attempt } from './adapters/adapter.js'
import { email } from './adapters/email.js'
import { matrix } from './adapters/matrix.js'
import { mattermost } from './adapters/mattermost.js'
import { slack } from './adapters/slack.js'
import { teams } from './adapters/teams.js'
import { webhook } from './adapters/webhook.js'
import { NotifyError } from './errors.js'
import { type Message, worstFirst } from './message.js'
import type { Net } from './net/net.js'
import { type Outcome, outcomeOfError } from './outcome.js'
import { isSigningKey } from './signing.js'
import { checkBaseUrl, entryOf } from './text/entries.js'

const adapters = { slack, mattermost, matrix, teams, email, webhook } as const

/** The adapter of a kind. What it renders is what it sends: `deliver` holds the two together. */
function adapterOf(kind: ChannelKind): Adapter<ChannelKind, unknown> {
  return adapters[kind] as unknown as Adapter<ChannelKind, unknown>
}

/**
 * The message of one event, or of several as a digest, for one kind of channel. It is within the limits of the service whatever the
 * events hold: what has no place is counted.
 * @param options.baseUrl where the service is reached by those who read it
 * @throws NotifyError `base-url-invalid`; `message-invalid` where there is no event
 */
export function renderFor(
  kind: ChannelKind,
  notices: Notice | readonly Notice[],
  options: { baseUrl: string },
): Message {
  const list: readonly Notice[] = 'kind' in notices ? [notices] : notices
  if (list.length === 0) throw new NotifyError('message-invalid', 'There is no event to tell of.')
  const baseUrl = checkBaseUrl(options.baseUrl)
  const entries = worstFirst(list.map((notice) => entryOf(notice, baseUrl)))
  return adapterOf(kind).render({ entries, baseUrl })
}

/**
 * Whether messages can be sent there, as far as it can be told without asking the network: for those who set up a channel.
 * @throws NotifyError `target-invalid`, `url-invalid`, `address-refused`, `smtp-insecure`, `signing-key-invalid`
 */
export function checkTarget(target: Target, net: Net): void {
  if (!isTarget(target)) throw new NotifyError('target-invalid')
  switch (target.kind) {
    case 'matrix': {
      const { pathname, search } = net.checkUrl(target.server)
      if (search !== '' || pathname.includes('//')) throw new NotifyError('url-invalid')
      return
    }
    case 'email': {
      net.checkHost(target.host, target.port)
      if (target.security === 'none' && !net.allowInsecure) throw new NotifyError('smtp-insecure')
      const half = (target.user === undefined) !== (target.password === undefined)
      if (half) throw new NotifyError('target-invalid', 'user and password go together.')
      return
    }
    case 'webhook':
      net.checkUrl(target.url)
      if (!target.signing.every(isSigningKey)) throw new NotifyError('signing-key-invalid')
      return
    default:
      net.checkUrl(target.url)
  }
}

/** The host that a target leads to: what of it may be shown. */
export function hostOf(target: Target): string {
  if (target.kind === 'email') return target.host
  return new URL(target.kind === 'matrix' ? target.server : target.url).host
}

/**
 * One attempt to deliver a message. The same id may come again after a crash: receivers of Matrix and of signed webhooks can tell.
 * Whatever the other side does is an outcome; it is thrown only what is wrong with the call.
 * @throws NotifyError `message-invalid` where the message is of another kind, or the id has other characters than letters, digits,
 *   `_` and `-`
 */
export async function deliver(
  target: Target,
  message: Message,
  attempt: Attempt,
  net: Net,
): Promise<Outcome> {
  if (message.kind !== target.kind || !/^[A-Za-z0-9_-]{1,64}$/.test(attempt.id))
    throw new NotifyError('message-invalid')
  try {
    checkTarget(target, net)
    return await adapterOf(target.kind).send(target, message.payload, attempt, net)
  } catch (error) {
    return outcomeOfError(error)
  }
}
