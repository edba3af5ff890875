import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net'
import { rootCertificates } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { createNet, type NetPolicy } from '../src/index.js'
import { answerBytes } from '../src/net/request.js'
import { tlsFiles } from './support/tls.js'

const servers: (Server | TcpServer)[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function listen(server: Server | TcpServer): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const plain = (listener: RequestListener) => listen(createServer(listener))
const secure = (listener: RequestListener) =>
  listen(createTlsServer({ cert: tlsFiles.cert, key: tlsFiles.key }, listener))

const post = (url: string) => ({ method: 'POST' as const, url, headers: {}, body: '{}' })
const local = async () => ['127.0.0.1']
const open: NetPolicy = { allowInsecure: true, allowHosts: ['hook.test'], resolve: local, ca: tlsFiles.ca }
const coded = (code: string) => expect.objectContaining({ code })

describe('names', () => {
  const refusedFor = (addresses: readonly string[]) =>
    createNet({ resolve: async () => addresses }).request(post('https://hook.test/'))

  it('that lead to an address inside are refused, also where others are public', async () => {
    for (const addresses of [
      ['127.0.0.1'],
      ['::1'],
      ['8.8.8.8', '10.0.0.1'],
      ['2606:4700::1111', 'fe80::1'],
      ['::ffff:10.0.0.1'],
    ])
      await expect(refusedFor(addresses)).rejects.toThrow(coded('address-refused'))
    await expect(refusedFor(['not an address'])).rejects.toThrow(coded('address-refused'))
    await expect(refusedFor([])).rejects.toThrow(coded('host-unresolved'))
    const fails = createNet({ resolve: () => Promise.reject(new Error('ENOTFOUND')) })
    await expect(fails.request(post('https://hook.test/'))).rejects.toThrow(coded('host-unresolved'))
  })

  it('are asked for once, so that an answer that changes changes nothing', async () => {
    let hits = 0
    const port = await plain((_request, response) => {
      hits++
      response.end('inside')
    })
    const answers = [['192.0.2.1'], ['127.0.0.1']]
    const asked: string[] = []
    const resolve = async (host: string) => {
      asked.push(host)
      return answers[Math.min(asked.length - 1, 1)] ?? []
    }
    // The documentation range stands for the public address that a rebinding name shows first.
    const net = createNet({ allowInsecure: true, allowHosts: ['192.0.2.0/24'], resolve, timeoutMs: 300 })
    await expect(net.request(post(`http://rebind.test:${port}/`))).rejects.toThrow(/./)
    expect(asked).toEqual(['rebind.test'])
    await expect(net.request(post(`http://rebind.test/`))).rejects.toThrow(coded('address-refused'))
    expect(asked).toHaveLength(2)
    expect(hits).toBe(0)
  })

  it('connect to the address that was judged, and say their own name', async () => {
    const seen: (string | undefined)[] = []
    const port = await secure((request, response) => {
      seen.push(request.headers.host, String((request.socket as { servername?: unknown }).servername))
      response.end('ok')
    })
    let asked = 0
    const net = createNet({
      ...open,
      resolve: async () => {
        asked++
        return ['127.0.0.1']
      },
    })
    expect(await net.request(post(`https://hook.test:${port}/a?b=c`))).toEqual({
      status: 200,
      retryAfter: null,
      body: 'ok',
    })
    expect(seen).toEqual([`hook.test:${port}`, 'hook.test'])
    expect(asked).toBe(1)
  })

  it('are tried at their next address where one does not answer', async () => {
    const port = await plain((_request, response) => response.end('ok'))
    const net = createNet({ ...open, resolve: async () => ['127.0.0.2', '127.0.0.1'] })
    expect((await net.request(post(`http://hook.test:${port}/`))).body).toBe('ok')
  })
})

describe('requests', () => {
  it('trust authorities of the system beside the one that the operator names', async () => {
    const { ca } = createNet(open)
    expect(ca).toEqual([...rootCertificates, tlsFiles.ca])
    expect(createNet({}).ca, 'Node’s own').toBeUndefined()
    const port = await secure((_request, response) => response.end('ok'))
    expect((await createNet(open).request(post(`https://hook.test:${port}/`))).status).toBe(200)
  })

  it('need a certificate for the name, whatever the address', async () => {
    const port = await secure((_request, response) => response.end('ok'))
    const other = createNet({ ...open, allowHosts: ['other.test'] })
    await expect(other.request(post(`https://other.test:${port}/`))).rejects.toThrow(
      coded('connection-failed'),
    )
    const { ca: _, ...unknown } = open
    await expect(createNet(unknown).request(post(`https://hook.test:${port}/`))).rejects.toThrow(
      coded('connection-failed'),
    )
    const byAddress = createNet({ ...open, allowHosts: ['127.0.0.1'] })
    await expect(byAddress.request(post(`https://127.0.0.1:${port}/`))).rejects.toThrow(
      coded('connection-failed'),
    )
  })

  it('do not follow a redirect', async () => {
    let hits = 0
    const port = await plain((_request, response) => {
      hits++
      response.writeHead(302, { location: 'http://hook.test/elsewhere' }).end()
    })
    expect((await createNet(open).request(post(`http://hook.test:${port}/`))).status).toBe(302)
    expect(hits).toBe(1)
  })

  it('read 64 KiB of an answer and no more', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'a')
    let closed: Promise<void> = Promise.resolve()
    const port = await plain((_request, response) => {
      closed = new Promise((resolve) => response.once('close', resolve))
      const more = () => {
        while (!response.destroyed && response.write(chunk));
        response.once('drain', more)
      }
      more()
    })
    const answer = await createNet(open).request(post(`http://hook.test:${port}/`))
    expect(answer.body).toHaveLength(answerBytes)
    await closed
  })

  it.each([
    ['say nothing', () => undefined],
    ['do not end their answer', (_request, response) => response.write('a')],
    [
      'answer byte by byte',
      (_request, response) => {
        const timer = setInterval(() => response.write('a'), 20)
        response.once('close', () => clearInterval(timer))
      },
    ],
  ] as [string, RequestListener][])('end in time for servers that %s', async (_what, listener) => {
    const port = await plain(listener)
    const net = createNet({ ...open, timeoutMs: 200 })
    await expect(net.request(post(`http://hook.test:${port}/`))).rejects.toThrow(coded('timed-out'))
  })

  it('end in time for names and handshakes that do not', async () => {
    const slow = createNet({ ...open, timeoutMs: 100, resolve: () => new Promise(() => undefined) })
    await expect(slow.request(post('https://hook.test/'))).rejects.toThrow(coded('timed-out'))
    const port = await listen(createTcpServer((socket) => socket.on('error', () => undefined).resume()))
    const net = createNet({ ...open, timeoutMs: 200 })
    await expect(net.request(post(`https://hook.test:${port}/`))).rejects.toThrow(coded('timed-out'))
  })

  it('check certificates also where the environment of the process says that nobody does', async () => {
    const port = await secure((_request, response) => response.end('ok'))
    const { ca: _, ...unknown } = open
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      await expect(createNet(unknown).request(post(`https://hook.test:${port}/`))).rejects.toThrow(
        coded('connection-failed'),
      )
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
  })

  /** What a server says, whatever it is asked. */
  const saying = (write: (socket: Socket) => void) =>
    listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => write(socket))
      }),
    )
  /** The same again and again, as fast as it is taken. */
  const endless = (first: string, more: string) => (socket: Socket) => {
    socket.write(first)
    const next = () => {
      while (!socket.destroyed && socket.write(more));
      socket.once('drain', next)
    }
    next()
  }

  it.each([
    [
      'headers without end',
      endless('HTTP/1.1 200 OK\r\n', `X: ${'a'.repeat(1000)}\r\n`),
      'connection-failed',
    ],
    ['one header without end', endless('HTTP/1.1 200 OK\r\nX: ', 'a'.repeat(1000)), 'connection-failed'],
    ['hints without end', endless('', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'), 'timed-out'],
    [
      'another protocol',
      (socket) =>
        void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      'connection-failed',
    ],
    [
      'two lengths',
      (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
      'connection-failed',
    ],
  ] as [string, (socket: Socket) => void, string][])(
    'end where the answer is %s',
    async (_what, write, code) => {
      const net = createNet({ ...open, timeoutMs: 500 })
      await expect(net.request(post(`http://hook.test:${await saying(write)}/`))).rejects.toThrow(coded(code))
    },
  )

  it('ask for nothing that is compressed, and inflate nothing', async () => {
    const bomb = gzipSync(Buffer.alloc(16 * 2 ** 20))
    let asked: string | undefined
    const port = await plain((request, response) => {
      asked = request.headers['accept-encoding']
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    })
    const { body } = await createNet(open).request(post(`http://hook.test:${port}/`))
    expect(body.length).toBeLessThanOrEqual(bomb.length)
    expect(asked).toBeUndefined()
  })

  it('tell what broke', async () => {
    const port = await listen(createTcpServer((socket) => socket.destroy()))
    await expect(createNet(open).request(post(`http://hook.test:${port}/`))).rejects.toThrow(
      coded('connection-failed'),
    )
    const garbage = await listen(
      createTcpServer((socket) =>
        socket
          .on('error', () => undefined)
          .resume()
          .end('SSH-2.0-x\r\n'),
      ),
    )
    await expect(createNet(open).request(post(`http://hook.test:${garbage}/`))).rejects.toThrow(
      coded('connection-failed'),
    )
    const cut = await plain((_request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('a', () => response.destroy())
    })
    await expect(createNet(open).request(post(`http://hook.test:${cut}/`))).rejects.toThrow(
      coded('connection-failed'),
    )
  })
})
