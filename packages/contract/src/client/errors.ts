import type { FieldError, Problem } from '../schemas/problem.js'

/** Codes of the client itself, where there is no answer of the service to take one from. */
export const clientErrorCodes = {
  'server-unreachable': 'The server cannot be reached: look at the address, and whether the service runs.',
  'answer-invalid': 'The answer is not one of this service: look at the address, and at proxies before it.',
  'answer-too-large': 'The answer is larger than this client takes: ask for smaller pages.',
} as const

/** One of the client's own codes. */
export type ClientErrorCode = keyof typeof clientErrorCodes

/** What a call ends in when the service refuses it, fails, or does not answer. */
export class ApiError extends Error {
  /** One of `errorCodes` where the service answered, one of `clientErrorCodes` where it did not. */
  readonly code: string
  /** HTTP status; 0 where there was no answer. */
  readonly status: number
  /** Id of the request in the log of the service; null where there was no answer. */
  readonly instance: string | null
  /** Where the request does not fit its schema. */
  readonly errors: readonly FieldError[]
  /** Milliseconds after which the service asks to be called again; null where it does not say. */
  readonly retryAfterMs: number | null

  constructor(
    code: string,
    message: string,
    options: {
      status?: number
      instance?: string | null
      errors?: readonly FieldError[]
      retryAfterMs?: number | null
      cause?: unknown
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ApiError'
    this.code = code
    this.status = options.status ?? 0
    this.instance = options.instance ?? null
    this.errors = options.errors ?? []
    this.retryAfterMs = options.retryAfterMs ?? null
  }

  /** The error that problem details describe. */
  static ofProblem(problem: Problem, retryAfterMs: number | null): ApiError {
    return new ApiError(problem.code, problem.detail, {
      status: problem.status,
      instance: problem.instance,
      errors: problem.errors ?? [],
      retryAfterMs,
    })
  }
}
