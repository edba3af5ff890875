import {
  type AnnouncedEvent,
  type Channel,
  type ChannelKind,
  type Delivery,
  type EventRef,
  joinTarget,
  type Target,
} from '@basedrift/contract'
import type { ChannelRow, DeliveryRow, EventRow } from '@basedrift/ledger'
import { hostOf, type Keyring, NotifyError } from '@basedrift/notify'

/** The target of a channel with its secrets; null where they cannot be opened, or are those of no target. */
export function targetOf({ id, settings, sealed }: ChannelRow, keyring: Keyring | undefined): Target | null {
  if (keyring === undefined) return null
  try {
    return joinTarget(settings, JSON.parse(keyring.open(sealed, id)) as { [field: string]: unknown })
  } catch (error) {
    if (error instanceof NotifyError) return null
    throw error
  }
}

/** A channel as it is shown: of its secrets, where they lead and how many keys there are. */
export function channelView(row: ChannelRow, keyring: Keyring | undefined): Channel {
  const { sealed, kind, ...shown } = row
  const target = targetOf(row, keyring)
  return {
    ...shown,
    kind: kind as ChannelKind,
    host: target === null ? null : hostOf(target),
    sealedWith: sealed.split('.')[1] ?? null,
    signingKeys: target?.kind === 'webhook' ? target.signing.length : null,
  }
}

function eventRefView({ id, kind, severity, stream, createdAt }: EventRow): EventRef {
  return { id, kind, severity, stream, createdAt }
}

/** An event with what it says. */
export function eventView(event: EventRow): AnnouncedEvent {
  return { ...eventRefView(event), notice: event.content }
}

/** A delivery as it is shown. */
export function deliveryView(row: DeliveryRow): Delivery {
  const { channel, events } = row
  return {
    ...row,
    channel: { ...channel, kind: channel.kind as ChannelKind },
    events: events.map(eventRefView),
  }
}
