/**
 * Seconds before each attempt after the one that failed: the example schedule of Standard Webhooks 1.0 ("Deliverability and
 * reliability"), ten attempts in a little over three days.
 */
export const retrySeconds = [
  0,
  5,
  5 * 60,
  30 * 60,
  2 * 3600,
  5 * 3600,
  10 * 3600,
  14 * 3600,
  20 * 3600,
  24 * 3600,
] as const

/** How much longer than the schedule a wait may be, so that what failed together does not come back together. */
const jitter = 0.2

/** The longest that a `Retry-After` is honoured, in seconds: that of the schedule. */
export const longestWaitSeconds = 24 * 3600

/**
 * When the next attempt is due.
 * @param attempts made so far; 0 is before the first
 * @param from when the last one ended
 * @param notBefore what the other side asked for, if it did
 * @param random from 0 to 1
 * @returns null where there is none left: the delivery is dead
 */
export function nextAttempt(
  attempts: number,
  from: Date,
  notBefore: Date | null,
  random: number,
): Date | null {
  const seconds = retrySeconds[attempts]
  if (seconds === undefined) return null
  const due = from.getTime() + Math.round(seconds * 1000 * (1 + jitter * random))
  return new Date(notBefore === null ? due : Math.max(due, notBefore.getTime()))
}

/**
 * `Retry-After` of an answer, in seconds or as an HTTP date (RFC 9110, 10.2.3), or null; never longer than a day ahead.
 */
export function retryAfter(value: string | null, now: Date): Date | null {
  if (value === null || value.length > 64) return null
  const seconds = /^\s*(\d{1,10})(\.\d{1,9})?\s*$/.exec(value)
  const at = seconds ? now.getTime() + Number(value) * 1000 : Date.parse(value)
  if (Number.isNaN(at) || at <= now.getTime()) return null
  return new Date(Math.min(Math.ceil(at), now.getTime() + longestWaitSeconds * 1000))
}
