import type { Problem } from '../schemas/problem.js'
import { ApiError, clientErrorCodes } from './errors.js'

/** Most bytes of one answer. A full page of modules is far below. */
export const answerBytes = 32 * 1024 * 1024

/** Reads a body as text and stops at `limit` bytes with `answer-too-large`. */
async function readText(response: Response, limit: number): Promise<string> {
  if (response.body === null) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > limit) {
      await reader.cancel()
      throw new ApiError('answer-too-large', clientErrorCodes['answer-too-large'], {
        status: response.status,
      })
    }
    text += decoder.decode(value, { stream: true })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false
  const { code, detail, status } = value as Record<string, unknown>
  return typeof code === 'string' && typeof detail === 'string' && typeof status === 'number'
}

/** Milliseconds of a `Retry-After` in seconds or as a date; null where there is none that can be read. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}

/** The error that an answer with a status from 400 on stands for. */
export async function errorOf(response: Response): Promise<ApiError> {
  const after = retryAfterMs(response.headers.get('retry-after'), Date.now())
  const value = parse(await readText(response, answerBytes))
  if (isProblem(value)) return ApiError.ofProblem(value, after)
  return new ApiError('answer-invalid', clientErrorCodes['answer-invalid'], {
    status: response.status,
    retryAfterMs: after,
  })
}

/** The JSON object of an answer. Throws `answer-invalid` where it is none. */
export async function objectOf<T>(response: Response): Promise<T> {
  const value = parse(await readText(response, answerBytes))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError('answer-invalid', clientErrorCodes['answer-invalid'], { status: response.status })
  }
  return value as T
}
