import type { Server as HttpServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buildApp } from './app.js'
import type { AppDependencies } from './types.js'

export { firstToken } from './first-token.js'

/** A listening service. */
export interface Server {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  /** Takes no more connections and requests, gives those under way `graceMs` to end, and closes every connection. The dependencies stay open. */
  close(): Promise<void>
}

/**
 * Follows the connections of a server. Gives what closes those on which nothing was ever said, and each that comes from then on: pools and
 * browsers open some ahead of a request, and Node takes them for busy, so that they would hold up its end.
 */
function trackSilent(server: HttpServer): () => void {
  const open = new Set<Socket>()
  let closing = false
  server.on('connection', (socket: Socket) => {
    if (closing) socket.destroy()
    else {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    }
  })
  return () => {
    closing = true
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
  }
}

/** Builds the application and listens; `port` 0 takes a free one. `graceMs` is the time of requests under way when it closes. */
export async function startServer(
  dependencies: AppDependencies,
  listen: { host: string; port: number },
  graceMs = 10_000,
): Promise<Server> {
  const app = await buildApp(dependencies)
  const closeSilent = trackSilent(app.server)
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
      closeSilent()
      try {
        await app.close()
      } finally {
        clearTimeout(cut)
      }
    },
  }
}
