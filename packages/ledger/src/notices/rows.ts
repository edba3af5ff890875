import type {
  ChannelMode,
  ChannelState,
  DeliveryState,
  Notice,
  NoticeKind,
  Severity,
} from '@basedrift/contract'
import type { JsonObject } from '../rows.js'

/** What a channel is told of: events of streams that fit a glob, of these kinds (none: all), that matter at least so much. */
export interface Route {
  stream: string
  kinds: NoticeKind[]
  minSeverity: Severity
}

/** What was announced. */
export interface EventRow {
  id: string
  kind: NoticeKind
  severity: Severity
  /** Null where it is about no stream. */
  stream: string | null
  subject: string
  content: Notice
  createdAt: string
}

/** What waits to be told of a thing. */
export interface WaitingSubject {
  key: string
  /** How often it changed; `announce` wants to know which state was seen. */
  touched: number
  /** The event as it would be told; null where it is to be made of what is recorded. */
  draft: Notice | null
  since: string
  changedAt: string
  /** What was told of it last. */
  told: Notice | null
}

/** What a channel's target is, in two: what may be shown, and what is sealed with the operator's key. */
export interface SealedTarget {
  kind: string
  settings: JsonObject
  sealed: string
}

/** How a channel is made. */
export interface NewChannel extends SealedTarget {
  /** UUID: secrets are sealed for it before it is recorded. */
  id: string
  name: string
  routes: Route[]
  mode: ChannelMode
  by: string
}

/** What changes of a channel. */
export interface ChannelChange {
  name?: string | undefined
  target?: SealedTarget | undefined
  routes?: Route[] | undefined
  mode?: ChannelMode | undefined
  state?: ChannelState | undefined
}

export interface ChannelRow extends SealedTarget {
  id: string
  name: string
  routes: Route[]
  mode: ChannelMode
  state: ChannelState
  /** Why it is disabled. */
  reason: { code: string; message: string } | null
  /** Deliveries that wait, and dead letters. */
  waiting: number
  dead: number
  createdAt: string
  createdBy: string
  updatedAt: string
}

export interface DeliveryRow {
  /** Also the id under which the receiver gets it, each time. */
  id: string
  channel: { id: string; name: string; kind: string }
  state: DeliveryState
  digest: boolean
  /** Place in the line of its channel; null while it collects. */
  sequence: number | null
  /** The first by time, at most `listedEvents`. */
  events: EventRow[]
  eventsTotal: number
  /** Attempts since it was last put into the line. */
  attempt: number
  /** When it is tried next; null once it has ended. */
  nextAt: string | null
  lastCode: string | null
  lastStatus: number | null
  lastAnswer: string | null
  attemptedAt: string | null
  endedAt: string | null
  createdAt: string
}

/** A delivery whose attempt has begun, with what is needed for it. */
export interface BegunDelivery {
  id: string
  /** From 1. */
  attempt: number
  channelId: string
  kind: string
  settings: JsonObject
  sealed: string
  /** At least one, at most `digestEvents`. */
  notices: Notice[]
}

/** What came of an attempt. */
export interface AttemptResult {
  /** `retry` goes back to the head of the line until `nextAt`; `gone` ends the delivery and disables the channel. */
  outcome: 'sent' | 'retry' | 'dead' | 'gone'
  nextAt?: Date
  code: string | null
  status: number | null
  answer: string | null
}

/** Channels and deliveries that are not sent, by state, and when the oldest was recorded that waits for an active channel. */
export interface DeliveryStats {
  channels: Record<ChannelState, number>
  counts: Record<Exclude<DeliveryState, 'sent'>, number>
  oldestAt: string | null
}
