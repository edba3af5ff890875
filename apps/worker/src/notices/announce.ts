import { isNotice, type Notice } from '@basedrift/contract'
import { FinalError, PutOff, type TaskHandler } from '@basedrift/jobs'
import type { Ledger, WaitingSubject } from '@basedrift/ledger'
import { type DriftNoticeOptions, driftNotice } from './drift.js'
import { afterTold, quietAt, type Settling } from './settled.js'

/** What the announce job needs. */
export interface AnnounceOptions extends DriftNoticeOptions {
  ledger: DriftNoticeOptions['ledger'] & Pick<Ledger, 'notices'>
  settling: Settling
  /** Called after something was announced, which is now due to be sent. */
  announced: () => void
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** Of which subject. */
export interface AnnouncePayload {
  subject: string
}

/** Attempt from which on a change is told of without what of it cannot be read; there are ten. */
const bareFrom = 5

/**
 * Tells channels of a thing that changed, once it has settled, and only where it says something else than what was told last. What
 * changes again meanwhile has its task started anew.
 */
export function createAnnounceHandler(options: AnnounceOptions): TaskHandler<AnnouncePayload> {
  const { ledger, log, announced, now = Date.now } = options
  return {
    async run({ subject }, { attempt }) {
      const waiting = await ledger.notices.waiting(subject)
      if (waiting === null) return
      const { notice, dueAt } = await toTell(waiting, options, new Date(now()), attempt >= bareFrom)
      if (dueAt.getTime() > now()) throw new PutOff(dueAt)
      if (notice !== null && !isNotice(notice))
        throw new FinalError(
          'notice-invalid',
          `The event of ${subject} is not one that channels can be told of`,
        )
      const outcome = await ledger.notices.announce({ subject, touched: waiting.touched, notice })
      log.info({ subject, outcome, event: notice?.kind }, 'a change has settled')
      if (outcome === 'announced') announced()
    },
  }
}

async function toTell(
  waiting: WaitingSubject,
  options: AnnounceOptions,
  now: Date,
  bare: boolean,
): Promise<{ notice: Notice | null; dueAt: Date }> {
  const { key, draft, told, since } = waiting
  const { settling } = options
  if (draft !== null) return { notice: afterTold(draft, told), dueAt: quietAt(waiting, settling) }
  const { settled, notice } = await driftNotice(key.slice(key.indexOf(':') + 1), options, now, bare)
  return { notice, dueAt: settled ? now : new Date(Date.parse(since) + settling.patienceMs) }
}
