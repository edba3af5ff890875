import { NotifyError } from '../errors.js'

/**
 * What `signal` makes of a promise that cannot be stopped itself, or that nobody can be sure to hear of again.
 * @throws NotifyError `timed-out` when the signal comes first
 */
export function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new NotifyError('timed-out'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
