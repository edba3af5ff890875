import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import { NotifyError } from '../errors.js'
import { isAddress } from './addresses.js'
import { until } from './until.js'

/** A request with a JSON body. */
export interface HttpRequest {
  method: 'POST' | 'PUT'
  url: string
  headers: { [name: string]: string }
  body: string
}

/** What came back. */
export interface Answer {
  status: number
  /** `Retry-After`, as it came. */
  retryAfter: string | null
  /** At most 64 KiB; what is beyond is not read. */
  body: string
}

/** Most bytes of an answer that are read. */
export const answerBytes = 64 * 1024

/** What opens connections, and how long all of it may take. */
export interface Over {
  open(host: string, port: number, signal: AbortSignal): Promise<Socket>
  ca: readonly string[] | undefined
  timeoutMs: number
}

/** TLS on a connection that is there. The certificate is checked by the name in the URL, whatever address it led to. */
function secure(
  socket: Socket,
  host: string,
  ca: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const name = host.replace(/^\[(.*)\]$/, '$1')
    const tls = tlsConnect({
      socket,
      host: name,
      ALPNProtocols: ['http/1.1'],
      // Node takes this from NODE_TLS_REJECT_UNAUTHORIZED otherwise.
      rejectUnauthorized: true,
      ...(isAddress(name) ? {} : { servername: name }),
      ...(ca === undefined ? {} : { ca: [...ca] }),
    })
    const stop = () => tls.destroy(new NotifyError('timed-out'))
    const fail = (error: Error) => {
      socket.destroy()
      reject(error instanceof NotifyError ? error : new NotifyError('connection-failed'))
    }
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    tls.once('error', fail)
    tls.once('secureConnect', () => {
      tls.removeListener('error', fail)
      signal.removeEventListener('abort', stop)
      resolve(tls)
    })
  })
}

/** The body as far as it is read, as text. */
function read(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const done = () => resolve(Buffer.concat(chunks).toString('utf8'))
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk.subarray(0, answerBytes - bytes))
      bytes += chunk.length
      if (bytes < answerBytes) return
      done()
      response.destroy()
    })
    response.once('end', done)
    response.once('error', reject)
  })
}

function exchange(socket: Socket, url: URL, given: HttpRequest, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(given.body)
    const fail = (error: unknown) =>
      reject(
        error instanceof NotifyError
          ? error
          : new NotifyError(signal.aborted ? 'timed-out' : 'connection-failed'),
      )
    const request: ClientRequest = httpRequest({
      method: given.method,
      host: url.hostname,
      path: `${url.pathname}${url.search}`,
      headers: { ...given.headers, host: url.host, 'content-length': body.length, connection: 'close' },
      createConnection: () => socket,
      signal,
    })
    request.once('error', fail)
    // An answer 101 is no error to Node, and no response either: it is never heard of again.
    request.once('upgrade', () => fail(new NotifyError('connection-failed')))
    request.once('response', (response) => {
      const retryAfter = response.headers['retry-after'] ?? null
      read(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, retryAfter, body: text }),
        fail,
      )
    })
    request.end(body)
  })
}

/**
 * One request over a connection of its own. A redirect is an answer like another.
 * @throws NotifyError `connection-failed`, `timed-out`, and what `open` throws
 */
export async function requestOver(over: Over, url: URL, given: HttpRequest): Promise<Answer> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), over.timeoutMs)
  const secured = url.protocol === 'https:'
  let socket: Socket | undefined
  try {
    socket = await over.open(
      url.hostname,
      url.port === '' ? (secured ? 443 : 80) : Number(url.port),
      stop.signal,
    )
    if (secured) socket = await secure(socket, url.hostname, over.ca, stop.signal)
    // What breaks after the answer is nobody's concern.
    socket.on('error', () => undefined)
    return await until(exchange(socket, url, given, stop.signal), stop.signal)
  } finally {
    clearTimeout(timer)
    socket?.destroy()
  }
}
