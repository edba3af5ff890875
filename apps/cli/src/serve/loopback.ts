import { isIP } from 'node:net'

/** Whether a host is this machine and nothing else: then nobody else can connect. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}
