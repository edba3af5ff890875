import type { AddressInfo } from 'node:net'
import { buildApp } from './app.js'
import type { AppDependencies } from './types.js'

export { firstToken } from './first-token.js'

/** A listening service. */
export interface Server {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  /** Takes no more requests, gives those under way `graceMs` to end, and closes every connection. The dependencies stay open. */
  close(): Promise<void>
}

/** Builds the application and listens; `port` 0 takes a free one. `graceMs` is the time of requests under way when it closes. */
export async function startServer(
  dependencies: AppDependencies,
  listen: { host: string; port: number },
  graceMs = 10_000,
): Promise<Server> {
  const app = await buildApp(dependencies)
  try {
    await app.listen({ host: listen.host, port: listen.port })
  } catch (error) {
    await app.close()
    throw error
  }
  const { address, port, family } = app.server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async close() {
      // A client that never ends its request would hold the service up until it is killed.
      const cut = setTimeout(() => app.server.closeAllConnections(), graceMs)
      try {
        await app.close()
      } finally {
        clearTimeout(cut)
      }
    },
  }
}
