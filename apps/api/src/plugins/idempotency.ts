import { createHash } from 'node:crypto'
import type { IdempotencyKey, KeptAnswer } from '@basedrift/ledger'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ProblemError } from '../problem.js'
import { addProblems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { isRead } from './guards.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False where an answer holds a secret: it is not given again. */
    keepsAnswer?: boolean
  }
  interface FastifyRequest {
    /** The write under way that its `Idempotency-Key` stands for. */
    begun: { key: IdempotencyKey; holder: string } | null
  }
}

/** Largest answer that is kept, in bytes. */
const answerBytes = 64 * 1024

/** How often a write that is under way says so, and how often old keys are looked for, in milliseconds. */
const extendMs = 20_000
const sweepMs = 60_000

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}

/** SHA-256 over what a request asks for: an upload by its digest, everything else by its body. */
function fingerprintOf({ method, url, headers, body }: FastifyRequest): Buffer {
  const parts = [
    method,
    url,
    headers['content-digest'] ?? null,
    headers['repr-digest'] ?? null,
    canonical(body),
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest()
}

/** What is kept of an answer. */
function answerOf(reply: FastifyReply, payload: unknown, keeps: boolean): KeptAnswer {
  const headers: KeptAnswer['headers'] = {}
  for (const name of ['content-type', 'location']) {
    const value = reply.getHeader(name)
    if (typeof value === 'string') headers[name] = value
  }
  const body = payload === undefined || payload === null ? '' : payload
  const kept = keeps && typeof body === 'string' && Buffer.byteLength(body) <= answerBytes
  return { status: reply.statusCode, headers, body: kept ? body : null }
}

/**
 * `Idempotency-Key` as draft-ietf-httpapi-idempotency-key-header has it. The answer to a write that was done is given again for
 * a day; a refusal did nothing, so the same request is looked at anew. Keys are those of one token.
 */
export function useIdempotency(app: App, { ledger, log }: Pick<AppDependencies, 'ledger' | 'log'>): void {
  const underWay = new Set<string>()
  const extending = setInterval(() => {
    if (underWay.size === 0) return
    ledger.idempotency
      .extend([...underWay])
      .catch((err: unknown) => log.warn({ err }, 'keys of writes under way could not be kept'))
  }, extendMs).unref()
  app.addHook('onClose', async () => clearInterval(extending))

  let swept = 0
  const sweep = () => {
    if (Date.now() - swept < sweepMs) return
    swept = Date.now()
    ledger.idempotency
      .sweep()
      .catch((err: unknown) => log.warn({ err }, 'old idempotency keys could not be deleted'))
  }

  app.decorateRequest('begun', null)
  app.addHook('onRoute', (route) => {
    if ([route.method].flat().every(isRead)) return
    route.schema = addProblems(
      route.schema ?? {},
      'idempotency-running',
      'idempotency-answer-gone',
      'idempotency-key-reused',
    )
  })

  app.addHook('preHandler', async (request, reply) => {
    const given = request.headers['idempotency-key']
    const { id: tokenId } = request.principal
    if (given === undefined || isRead(request.method) || tokenId === null) return
    if (typeof given !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(given)) {
      throw new ProblemError('request-malformed', 'An Idempotency-Key has 1 to 255 printable characters.')
    }
    sweep()
    const key = { tokenId, key: given }
    const known = await ledger.idempotency.begin(key, fingerprintOf(request))
    if (known.state === 'running') {
      throw new ProblemError('idempotency-running', undefined, { headers: { 'retry-after': '1' } })
    }
    if (known.state === 'differs') throw new ProblemError('idempotency-key-reused')
    if (known.state === 'begun') {
      request.begun = { key, holder: known.holder }
      underWay.add(known.holder)
      return
    }
    const { status, headers, body } = known.answer
    if (body === null) throw new ProblemError('idempotency-answer-gone')
    return reply.code(status).headers(headers).header('idempotency-replayed', 'true').send(body)
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const { begun } = request
    if (begun === null) return payload
    request.begun = null
    underWay.delete(begun.holder)
    const { keepsAnswer = true } = request.routeOptions.config
    try {
      if (reply.statusCode < 300) {
        await ledger.idempotency.finish(begun.key, begun.holder, answerOf(reply, payload, keepsAnswer))
      } else await ledger.idempotency.release(begun.key, begun.holder)
    } catch (err) {
      request.log.error({ err }, 'what became of a write with an idempotency key could not be recorded')
    }
    return payload
  })
}
