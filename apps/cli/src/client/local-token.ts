import { isIP } from 'node:net'

/** Whether a host of a URL is this machine. */
function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/**
 * The token that `serve` keeps in its data directory, for a server on this machine: no other is ever sent it. Undefined where
 * there is none.
 */
export async function localToken(server: URL): Promise<string | undefined> {
  if (!isLoopback(server.hostname)) return undefined
  const { readAdminToken } = await import('@basedrift/runtime/admin-token')
  return (await readAdminToken(process.env.BASEDRIFT_DATA_DIR ?? '.basedrift')) ?? undefined
}
