import type { GateNotice, Notice } from '@basedrift/contract'
import type { WaitingSubject } from '@basedrift/ledger'

/** When a change counts as settled. */
export interface Settling {
  /** How long it must have stayed as it is, in milliseconds. */
  quietMs: number
  /** How long it is waited for at most, from its first change on, in milliseconds. */
  patienceMs: number
}

/** 30 seconds without another change; an hour for what goes on changing, and for comparisons that do not end. */
export const defaultSettling: Settling = { quietMs: 30_000, patienceMs: 3_600_000 }

/** When what waits is told, where it is known by itself: once it has been quiet, at the latest when patience ends. */
export function quietAt({ since, changedAt }: WaitingSubject, { quietMs, patienceMs }: Settling): Date {
  return new Date(Math.min(Date.parse(changedAt) + quietMs, Date.parse(since) + patienceMs))
}

/**
 * A recorded event as it is told after what was told before: a gate turns from what was said last, and one that passes again
 * before anybody heard that it failed has not turned. Null where nothing is left to tell.
 */
export function afterTold(draft: Notice, told: Notice | null): Notice | null {
  if (draft.kind !== 'gate') return draft
  // Nobody has decided: it has neither failed nor passed again.
  if (draft.outcome === 'unknown') return null
  const before = (told as GateNotice | null)?.outcome ?? null
  if (before === null) return draft.outcome === 'pass' ? null : draft
  return before === draft.outcome ? null : { ...draft, before }
}
