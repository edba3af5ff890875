import type { ChannelKind, Severity } from '@basedrift/contract'
import type { Entry } from './text/entries.js'
import { number } from './text/parts.js'

/** A message as one kind of channel takes it: plain data, the same for the same events. */
export interface Message<Payload = unknown> {
  readonly kind: ChannelKind
  /** What it says, as plain text: for lists and logs of ours. */
  readonly text: string
  readonly payload: Payload
}

/** What a message is made of. */
export interface Told {
  /** The worst first, then in the order given. */
  readonly entries: readonly Entry[]
  readonly baseUrl: string
}

const order: readonly Severity[] = ['critical', 'warning', 'info']

/** Entries with the worst in front: what is cut is what matters least. */
export function worstFirst(entries: readonly Entry[]): readonly Entry[] {
  return order.flatMap((severity) => entries.filter((entry) => entry.severity === severity))
}

/** The worst severity there is. */
export function worst(entries: readonly Entry[]): Severity {
  return order.find((severity) => entries.some((entry) => entry.severity === severity)) ?? 'info'
}

/** `Basedrift: 12 events, 3 critical, 4 warnings`. */
export function headline(entries: readonly Entry[]): string {
  const count = (severity: Severity) => entries.filter((entry) => entry.severity === severity).length
  const warnings = count('warning')
  const parts = [
    `${number(entries.length)} event${entries.length === 1 ? '' : 's'}`,
    count('critical') > 0 ? `${number(count('critical'))} critical` : '',
    warnings > 0 ? `${number(warnings)} warning${warnings === 1 ? '' : 's'}` : '',
  ].filter((part) => part !== '')
  return `Basedrift: ${parts.join(', ')}`
}

/** `23 more events are not shown here`. */
export function omitted(count: number): string {
  return `${number(count)} more event${count === 1 ? ' is' : 's are'} not shown here`
}
