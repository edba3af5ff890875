import { lookup } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'
import { rootCertificates } from 'node:tls'
import { NotifyError } from '../errors.js'
import { allowsAddress, allowsHost, isAddress, isPublic, parseAllowed } from './addresses.js'
import { type Answer, type HttpRequest, requestOver } from './request.js'
import { until } from './until.js'

/** All addresses of a name, as the system resolves it. */
export type Resolver = (host: string) => Promise<readonly string[]>

/** What an operator decides about where messages may go. */
export interface NetPolicy {
  /** Names, `*.NAME`, addresses and ranges that may be private, and may use any port. */
  allowHosts?: readonly string[]
  /** Whether http without TLS may be used, and mail in the clear. */
  allowInsecure?: boolean
  /** Certificates of authorities besides those of the system, in PEM. */
  ca?: string
  /** The system's own by default. */
  resolve?: Resolver
  /** For a whole request, from the name to the end of the answer; 15 s by default. */
  timeoutMs?: number
}

/** Where a message goes, and nowhere else. Made once, and passed to each delivery. */
export interface Net {
  readonly allowInsecure: boolean
  /** Certificates of all authorities that TLS goes by, in PEM; undefined where those of the system are all. */
  readonly ca: readonly string[] | undefined
  readonly timeoutMs: number
  /**
   * Reads a URL and applies what can be told without asking for its name.
   * @throws NotifyError `url-invalid`, `address-refused`
   */
  checkUrl(url: string): URL
  /**
   * The same for a host and a port without a URL.
   * @throws NotifyError `url-invalid`, `address-refused`
   */
  checkHost(host: string, port: number): string
  /**
   * Resolves a host once, refuses it if one of its addresses is refused, and connects to one of those very addresses.
   * @throws NotifyError `address-refused`, `host-unresolved`, `connection-failed`, `timed-out`
   */
  open(host: string, port: number, signal: AbortSignal): Promise<Socket>
  /**
   * One request, without redirects.
   * @throws NotifyError as of `checkUrl` and `open`
   */
  request(request: HttpRequest): Promise<Answer>
}

const defaultTimeoutMs = 15_000

/** Ports that messages go to where the operator has not allowed the host: web and mail. */
const usualPorts = new Set([80, 443, 8443, 25, 465, 587, 2525])

/** The rules for a URL or a host, and the setting that lifts one. */
const rules = {
  url: 'It is no URL of at most 2,048 characters.',
  scheme: 'Give an https URL.',
  clear: 'Give an https URL; http needs BASEDRIFT_CHAT_ALLOW_INSECURE=true.',
  parts: 'Give it without user, password and fragment.',
  host: 'It names no host.',
  port: `Its port is none of ${[...usualPorts].sort((a, b) => a - b).join(', ')}; a host in BASEDRIFT_CHAT_ALLOW_HOSTS may have any.`,
  address: 'Its host is or has an address that is not public; one in BASEDRIFT_CHAT_ALLOW_HOSTS may.',
} as const

type Broken = keyof typeof rules

/** Says which rules are broken, without the URL, which may hold secrets. */
function refusal(broken: readonly Broken[]): NotifyError {
  const code = broken.every((rule) => rule === 'address') ? 'address-refused' : 'url-invalid'
  return new NotifyError(code, broken.map((rule) => rules[rule]).join(' '))
}

/** Addresses of a name that are looked at, and that are tried. */
const maxAddresses = 32
const maxTries = 3

const system: Resolver = async (host) => (await lookup(host, { all: true })).map(({ address }) => address)

/** The name as it is compared: lower case, without the dot of the root, without the brackets of IPv6. */
const bare = (hostname: string) =>
  hostname
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[(.*)\]$/, '$1')

/** Names of this machine itself, whatever a resolver says: RFC 6761, 6.3. */
const isLocal = (host: string) => host === 'localhost' || host.endsWith('.localhost')
const loopback = ['127.0.0.1', '::1']

const parseUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null)

/** A connection to one address. */
function dial(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port })
    const stop = () => socket.destroy(new NotifyError('timed-out'))
    const fail = (error: Error) => {
      signal.removeEventListener('abort', stop)
      reject(error instanceof NotifyError ? error : new NotifyError('connection-failed'))
    }
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.removeListener('error', fail)
      signal.removeEventListener('abort', stop)
      resolve(socket)
    })
  })
}

/**
 * The network as deliveries may use it. A name is resolved once, each of its addresses is judged, and the connection is made to one
 * of those, so that a resolver that changes its answer changes nothing; TLS still checks the certificate by name.
 * @throws RangeError where an entry of the allow-list is none
 */
export function createNet(policy: NetPolicy = {}): Net {
  const allowed = parseAllowed(policy.allowHosts ?? [])
  const resolve = policy.resolve ?? system
  const allowInsecure = policy.allowInsecure ?? false
  const timeoutMs = policy.timeoutMs ?? defaultTimeoutMs
  // What Node is given takes the place of its own.
  const ca = policy.ca === undefined ? undefined : [...rootCertificates, policy.ca]

  /** Whether a port may be used, as far as it can be told before the name is resolved. */
  const mayUse = (host: string, port: number): boolean =>
    usualPorts.has(port) ||
    allowsHost(allowed, host) ||
    (isAddress(host) ? allowsAddress(allowed, host) : allowed.ranges.length > 0)

  /** A host as it is compared, null where it is none, and the rules that it and its port break. */
  const judge = (hostname: string, port: number): { host: string | null; broken: Broken[] } => {
    // The parser of URLs turns every way to write an IPv4 address into the plain one, as resolvers would.
    const url = /^([^\s/?#@\\:[\]]+|\[[0-9A-Fa-f:.]+\])$/.test(hostname)
      ? parseUrl(`http://${hostname}/`)
      : null
    const host = url === null ? '' : bare(url.hostname)
    if (host === '') return { host: null, broken: ['host'] }
    const broken: Broken[] = mayUse(host, port) ? [] : ['port']
    const addresses = isLocal(host) ? loopback : isAddress(host) ? [host] : []
    const allowedHere =
      allowsHost(allowed, host) || addresses.some((address) => allowsAddress(allowed, address))
    return { host, broken: allowedHere || addresses.every(isPublic) ? broken : [...broken, 'address'] }
  }

  const checkHost = (hostname: string, port: number): string => {
    const { host, broken } = judge(hostname, port)
    if (host === null || broken.length > 0) throw refusal(broken)
    return host
  }

  const checkUrl = (text: string): URL => {
    const url = text.length > 2048 ? null : parseUrl(text)
    if (url === null) throw refusal(['url'])
    const { protocol, username, password, hash, hostname, port } = url
    const secure = protocol === 'https:'
    const broken: Broken[] = []
    if (!secure && protocol !== 'http:') broken.push('scheme')
    if (protocol === 'http:' && !allowInsecure) broken.push('clear')
    if (username !== '' || password !== '' || hash !== '') broken.push('parts')
    broken.push(...judge(hostname, port === '' ? (secure ? 443 : 80) : Number(port)).broken)
    if (broken.length > 0) throw refusal(broken)
    return url
  }

  const addressesOf = async (host: string, port: number, signal: AbortSignal): Promise<readonly string[]> => {
    if (isAddress(host)) return [host]
    const all = await until(resolve(host), signal).catch((error: unknown) => {
      throw error instanceof NotifyError ? error : new NotifyError('host-unresolved')
    })
    const addresses = all.slice(0, maxAddresses)
    if (addresses.length === 0) throw new NotifyError('host-unresolved')
    if (allowsHost(allowed, host)) {
      if (!addresses.every(isAddress)) throw new NotifyError('address-refused')
      return addresses
    }
    const strange = addresses.filter((address) => !allowsAddress(allowed, address))
    const broken: Broken[] = strange.length > 0 && !usualPorts.has(port) ? ['port'] : []
    if (!strange.every(isPublic)) broken.push('address')
    if (broken.length > 0) throw refusal(broken)
    return addresses
  }

  const open = async (hostname: string, port: number, signal: AbortSignal): Promise<Socket> => {
    const host = checkHost(hostname, port)
    const addresses = await addressesOf(host, port, signal)
    let last: unknown = new NotifyError('connection-failed')
    for (const address of addresses.slice(0, maxTries)) {
      try {
        return await dial(address, port, signal)
      } catch (error) {
        last = error
        if (signal.aborted) break
      }
    }
    throw last
  }

  const request = (given: HttpRequest): Promise<Answer> => {
    const url = checkUrl(given.url)
    return requestOver({ open, ca, timeoutMs }, url, given)
  }

  return { allowInsecure, ca, timeoutMs, checkUrl, checkHost, open, request }
}
