import { objectOf } from './answer.js'
import { type Operations, operations } from './generated/operations.js'
import type { Call, Transport } from './transport.js'

/** An operation of the service, by the name that its OpenAPI document has for it. */
export type OperationName = keyof Operations

/** The codes that an operation may end in. */
export type ErrorOf<Name extends OperationName> = Operations[Name]['error']

/** The answer of an operation, where it is JSON. */
export type AnswerOf<Name extends OperationName> = Operations[Name]['answer']

/** What an operation takes: parameters of its path and query, and its body where that is JSON. */
export type InputOf<Name extends OperationName> = Pick<
  Operations[Name],
  Extract<
    keyof Operations[Name],
    'path' | 'query' | (Operations[Name] extends { body: Uint8Array } ? never : 'body')
  >
>

/** How a call is sent besides; `body` is for what is not JSON. */
export type SendOptions = Partial<Pick<Call, 'headers' | 'body' | 'signal' | 'expect'>>

/** Calls by the name of their operation. */
export interface Calls {
  /** Sends one, and gives the answer as it comes. @throws ApiError */
  send<Name extends OperationName>(name: Name, input: InputOf<Name>, options?: SendOptions): Promise<Response>
  /** Sends one, and gives the JSON that it is answered with. @throws ApiError */
  call<Name extends OperationName>(
    name: Name,
    input: InputOf<Name>,
    options?: SendOptions,
  ): Promise<AnswerOf<Name>>
}

interface AnyInput {
  path?: Record<string, string>
  query?: NonNullable<Call['query']>
  body?: unknown
}

/** Puts the parameters of a path into it, each as one segment. */
function addressOf(template: string, path: Record<string, string> = {}): string {
  return template.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''))
}

/** The calls of the service, over that transport. */
export function createCalls(transport: Transport): Calls {
  const calls: Calls = {
    send(name, input, options = {}) {
      const { method, path: template } = operations[name]
      const { path, query, body } = input as AnyInput
      const json = body === undefined ? undefined : JSON.stringify(body)
      return transport.send({
        method,
        path: addressOf(template, path),
        ...(query === undefined ? {} : { query }),
        ...(json === undefined ? {} : { body: () => json }),
        ...(options.body === undefined ? {} : { body: options.body }),
        ...(options.expect === undefined ? {} : { expect: options.expect }),
        signal: options.signal,
        headers: {
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          // A POST may insert: with the same key a repeated attempt does so once.
          ...(method === 'POST' ? { 'idempotency-key': crypto.randomUUID() } : {}),
          ...options.headers,
        },
      })
    },
    call: async (name, input, options) => objectOf(await calls.send(name, input, options)),
  }
  return calls
}
