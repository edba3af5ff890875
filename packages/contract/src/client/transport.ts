import { errorOf } from './answer.js'
import { ApiError, clientErrorCodes } from './errors.js'

/**
 * How often and how patiently a call is repeated. Every call of this client may be: each POST has a key that stays the same. What is
 * refused (429) for longer than the pauses that are left is not repeated.
 */
export interface RetryOptions {
  /** Attempts in all; 1 repeats nothing. */
  attempts: number
  /** First pause in milliseconds; it doubles. */
  baseMs: number
  /** Longest pause in milliseconds, of our own as of a `Retry-After`. */
  maxMs: number
}

/** Five attempts within about ten seconds. */
export const defaultRetry: RetryOptions = { attempts: 5, baseMs: 500, maxMs: 10_000 }

/** One call, as often as it is attempted: `body` is made anew each time. */
export interface Call {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  /** Of a list each item, under the same name. */
  query?: Record<string, string | number | boolean | readonly string[] | undefined>
  headers?: Record<string, string>
  /** Its signal is aborted once the attempt is over: whoever makes bytes then stops. */
  body?: (over: AbortSignal) => BodyInit
  signal?: AbortSignal | undefined
  /** Statuses from 400 on that are answers, not errors. */
  expect?: readonly number[]
}

/** Sends calls to one server. */
export interface Transport {
  send(call: Call): Promise<Response>
}

/** Statuses after which the same call may succeed: of the service when it is busy, of proxies when it restarts. */
const passing = new Set([429, 502, 503, 504])

/** Whether what was refused for a while, as a quota of a day is, stays refused for longer than all pauses that are left. */
function isRefusedForLonger(attempt: number, error: ApiError, retry: RetryOptions): boolean {
  const left = (retry.attempts - attempt) * retry.maxMs
  return error.status === 429 && (error.retryAfterMs ?? 0) > left
}

/** Waits; ends early with the signal's reason. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function addressOf(baseUrl: URL, call: Call): URL {
  const url = new URL(baseUrl.pathname.replace(/\/$/, '') + call.path, baseUrl)
  for (const [name, value] of Object.entries(call.query ?? {})) {
    for (const item of value === undefined ? [] : [value].flat()) url.searchParams.append(name, String(item))
  }
  return url
}

/** Full jitter between half and all of an exponential pause, or what the service asks for, within `maxMs`. */
function pauseOf(attempt: number, error: ApiError, retry: RetryOptions): number {
  const own = retry.baseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
  return Math.min(retry.maxMs, Math.max(own, error.retryAfterMs ?? 0))
}

/** A transport over `fetch`. `baseUrl` may have a path; redirects are not followed. */
export function createTransport(options: {
  baseUrl: string
  token?: string | undefined
  fetch: typeof fetch
  retry: RetryOptions
  /** What is thrown in the place of what a call ended in: the same, in words for who calls. */
  explain?: ((error: ApiError) => ApiError) | undefined
}): Transport {
  const baseUrl = new URL(options.baseUrl)

  const once = async (call: Call): Promise<Response | ApiError> => {
    const init: RequestInit & { duplex?: 'half' } = {
      method: call.method,
      headers: {
        accept: 'application/json',
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...call.headers,
      },
      redirect: 'manual',
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    }
    const over = new AbortController()
    if (call.body !== undefined) {
      init.body = call.body(over.signal)
      init.duplex = 'half'
    }
    let response: Response
    try {
      response = await options.fetch(addressOf(baseUrl, call), init)
    } catch (cause) {
      call.signal?.throwIfAborted()
      return new ApiError(
        'server-unreachable',
        `${clientErrorCodes['server-unreachable']} (${baseUrl.origin})`,
        {
          cause,
        },
      )
    } finally {
      over.abort()
    }
    if (response.status < 300 || call.expect?.includes(response.status)) return response
    return errorOf(response)
  }

  return {
    async send(call) {
      for (let attempt = 1; ; attempt++) {
        const answer = await once(call)
        if (!(answer instanceof ApiError)) return answer
        // The attempt before may still be at work, with the same key.
        const again =
          answer.status === 0 || passing.has(answer.status) || answer.code === 'idempotency-running'
        const isLast = attempt >= options.retry.attempts
        if (!again || isLast || isRefusedForLonger(attempt, answer, options.retry))
          throw options.explain?.(answer) ?? answer
        await pause(pauseOf(attempt, answer, options.retry), call.signal)
      }
    },
  }
}
