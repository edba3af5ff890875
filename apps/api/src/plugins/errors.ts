import { type ErrorCode, errorCodes, type Problem } from '@basedrift/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ProblemError, problemOf } from '../problem.js'
import type { App } from '../types.js'

const mediaType = 'application/problem+json; charset=utf-8'

/** Whether a refusal says that there are too many callers: nothing is wrong with the service. */
const isCrowd = (code: ErrorCode): boolean => code === 'connections-exhausted' || code === 'overloaded'

/** Sends problem details; what the service did wrong itself is logged whole. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const problem = problemOf(error)
  const { status } = errorCodes[problem.code]
  if (isCrowd(problem.code)) request.log.warn({ code: problem.code }, 'request refused')
  else if (status >= 500)
    request.log.error({ err: problem.cause ?? problem, code: problem.code }, 'request failed')
  else request.log.debug({ code: problem.code }, 'request refused')
  request.refusedWith = problem.code
  reply.headers(problem.headers)
  if ((status === 503 || status === 429) && !reply.hasHeader('retry-after')) reply.header('retry-after', '5')
  const body: Problem = problem.toProblem(request.id)
  return reply
    .code(status)
    .type(mediaType)
    .serializer((value: Problem) => JSON.stringify(value))
    .send(body)
}

/** Methods of the routes whose pattern an address fits. */
class Methods {
  readonly #routes: { pattern: RegExp; methods: Set<string> }[] = []

  add(url: string, methods: readonly string[]): void {
    const source = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z0-9]+/g, '[^/]+')
    this.#routes.push({ pattern: new RegExp(`^${source}$`), methods: new Set(methods) })
  }

  of(path: string): string[] {
    const all = this.#routes
      .filter((route) => route.pattern.test(path))
      .flatMap((route) => [...route.methods])
    return [...new Set(all)].sort()
  }
}

/** Makes problem details of every error: of routes, of schemas, of unknown addresses and methods. */
export function useErrors(app: App): void {
  const methods = new Methods()
  app.addHook('onRoute', (route) => methods.add(route.url, [route.method].flat()))
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error))
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.of(request.url.split('?', 1)[0] ?? '')
    if (allowed.length === 0) return sendProblem(request, reply, new ProblemError('route-unknown'))
    const headers = { allow: allowed.join(', ') }
    return sendProblem(request, reply, new ProblemError('method-refused', undefined, { headers }))
  })
}

/** Answers what Node's parser cannot read, on the bare socket, and closes it. */
export function refuseMalformed(
  error: Error & { code?: string },
  socket: { writable: boolean; destroyed: boolean; end(data: string): void; destroy(): void },
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const known = problemOf(error)
  const problem = known.code === 'internal' ? new ProblemError('request-malformed') : known
  const { status, title } = errorCodes[problem.code]
  const body = JSON.stringify(problem.toProblem('none'))
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: ${mediaType}\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
