import { isIP } from 'node:net'
import { ProblemError } from '../problem.js'
import type { App, AppDependencies } from '../types.js'
import { lingerThenClose } from '../upload/linger.js'

const reads = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a method changes nothing. */
export function isRead(method: string): boolean {
  return reads.has(method)
}

/** Host name of a `Host` header without its port; null where it is not one. */
function hostName(header: string | undefined): string | null {
  if (header === undefined || header.length > 260) return null
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.exec(header)
  return match?.[1]?.toLowerCase() ?? null
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0
}

/**
 * Keeps web pages out. A page whose name is made to resolve to this service (DNS rebinding) sends its own name as the host;
 * addresses and `localhost` cannot be such names. A page elsewhere that writes here sends its origin.
 */
export function useGuards(app: App, { config }: Pick<AppDependencies, 'config'>): void {
  const hosts = new Set(['localhost', ...config.hosts.map((host) => host.toLowerCase())])
  const origins = new Set(config.origins)
  app.addHook('onRequest', async (request) => {
    const name = hostName(request.headers.host)
    if (name === null) throw new ProblemError('host-refused')
    if (!hosts.has('*') && !hosts.has(name) && !isAddress(name)) throw new ProblemError('host-refused')
    if (isRead(request.method)) return
    const { origin } = request.headers
    const site = request.headers['sec-fetch-site']
    if (origin === undefined) {
      if (site === 'cross-site' || site === 'same-site') throw new ProblemError('origin-refused')
      return
    }
    const own = URL.canParse(origin) && new URL(origin).host === request.headers.host?.toLowerCase()
    if (!own && !origins.has(origin)) throw new ProblemError('origin-refused')
  })
}

/** Lets who writes hear of a refusal: set before anything may refuse. */
export function useLinger(app: App): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!isRead(request.method)) lingerThenClose(request.raw, reply.raw)
  })
}

/** Closes the connection of a request whose body, where it is no upload, does not come in time. */
export function useBodyDeadline(app: App, bodyMs: number): void {
  app.addHook('preParsing', async (request, _reply, payload) => {
    if (!isRead(request.method)) {
      const timer = setTimeout(() => request.raw.destroy(), bodyMs)
      timer.unref()
      const clear = () => clearTimeout(timer)
      payload.once('end', clear)
      payload.once('close', clear)
    }
    return payload
  })
}
