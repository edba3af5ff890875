import { setImmediate } from 'node:timers/promises'
import { CheckError } from '../errors.js'

/** Modules that a job takes between two pauses. */
export const stride = 256

/**
 * Lets messages come to a thread in the midst of its work.
 * @throws CheckError `check-aborted` where the signal says so
 */
export async function pause(signal: AbortSignal): Promise<void> {
  await setImmediate()
  if (signal.aborted) throw new CheckError('check-aborted')
}
