import { isIP } from 'node:net'

/** Whether a host of a URL is this machine. */
function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/**
 * The token that `serve` keeps in its data directory, and the file that it is in, for a server on this machine: no other is ever
 * sent it. Null where there is none.
 */
export async function localToken(server: URL): Promise<{ token: string; file: string } | null> {
  if (!isLoopback(server.hostname)) return null
  const { adminTokenFile, readAdminToken } = await import('@basedrift/runtime/admin-token')
  const dataDir = process.env.BASEDRIFT_DATA_DIR ?? '.basedrift'
  const token = await readAdminToken(dataDir)
  return token === null ? null : { token, file: adminTokenFile(dataDir) }
}
