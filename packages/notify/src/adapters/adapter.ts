import type { ChannelKind, Target } from '@basedrift/contract'
import type { Message, Told } from '../message.js'
import type { Net } from '../net/net.js'
import type { Outcome } from '../outcome.js'

/** One attempt at a delivery. */
export interface Attempt {
  /** Of the delivery: the same in every attempt, so that a receiver can drop what it has. Letters, digits, `_` and `-`. */
  readonly id: string
  readonly at: Date
  /** From 1. */
  readonly attempt: number
}

/** One kind of channel. */
export interface Adapter<Kind extends ChannelKind, Payload> {
  readonly kind: Kind
  /** The message, always within the limits of the service: what has no place is counted. */
  render(told: Told): Message<Payload>
  /**
   * One attempt to send it.
   * @throws NotifyError what the net throws
   */
  send(
    target: Extract<Target, { kind: Kind }>,
    payload: Payload,
    attempt: Attempt,
    net: Net,
  ): Promise<Outcome>
}

/** Headers of every request. */
export const jsonHeaders = {
  'content-type': 'application/json; charset=utf-8',
  accept: 'application/json, text/plain;q=0.9, */*;q=0.1',
  'user-agent': 'basedrift',
} as const

/** Bytes of a value as JSON in UTF-8. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
