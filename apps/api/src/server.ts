import type { AddressInfo } from 'node:net'
import { buildApp } from './app.js'
import type { AppDependencies } from './types.js'

/** A listening service. */
export interface Server {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  /** Takes no more requests, lets those under way end, and closes idle connections. The dependencies stay open. */
  close(): Promise<void>
}

/** Builds the application and listens; `port` 0 takes a free one. */
export async function startServer(
  dependencies: AppDependencies,
  listen: { host: string; port: number },
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
    close: () => app.close(),
  }
}
