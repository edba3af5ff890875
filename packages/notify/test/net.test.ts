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
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createNet, type NetPolicy } from '../src/index.js'
import { isPublic } from '../src/net/addresses.js'
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

describe('addresses', () => {
  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:808:808::',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '4000::1',
    '2a00:1::5efe:127.0.0.1',
    '2a00:1::200:5efe:7f00:1',
    '0x7f.1',
    '2130706433',
    '017700000001',
    '127.1',
    'localhost',
    '',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
  ])('%s is not public', (address) => {
    expect(isPublic(address)).toBe(false)
  })

  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.0.1',
    '172.32.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::1',
  ])('%s is public', (address) => {
    expect(isPublic(address)).toBe(true)
  })

  it('of IPv6 are not public whatever private IPv4 address they carry', () => {
    const octet = fc.nat(255)
    fc.assert(
      fc.property(
        fc.constantFrom('10.', '127.', '192.168.', '169.254.'),
        octet,
        octet,
        octet,
        (head, a, b, c) => {
          const address = `${head}${[a, b, c].slice(head.split('.').length - 2).join('.')}`
          expect(isPublic(address)).toBe(false)
          for (const prefix of ['::', '::ffff:', '::ffff:0:', '64:ff9b::', '2a00::5efe:', '2a00::200:5efe:'])
            expect(isPublic(`${prefix}${address}`)).toBe(false)
        },
      ),
    )
  })
})

describe('URLs', () => {
  const net = createNet()

  it.each([
    'http://example.org/',
    'ftp://example.org/',
    'file:///etc/passwd',
    'gopher://example.org/',
    'example.org',
    '',
    'https://',
    'https://user@example.org/',
    'https://user:password@example.org/',
    'https://example.org/#a',
    'https://example.org:22/',
    'https://example.org:6379/',
    `https://example.org/${'a'.repeat(2048)}`,
  ])('%s cannot be used', (url) => {
    expect(() => net.checkUrl(url)).toThrow(coded('url-invalid'))
  })

  it.each([
    'https://127.0.0.1/',
    'https://0x7f.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://017700000001/',
    'https://127.1/',
    'https://127.0.0.1./',
    'https://１２７.0.0.1/',
    'https://0/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[fd00:ec2::254]/',
    'https://10.0.0.1:8443/',
    'https://0251.0376.0251.0376/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://a.localhost/',
  ])('%s leads to no public address', (url) => {
    expect(() => net.checkUrl(url)).toThrow(coded('address-refused'))
  })

  it('are refused with each rule that they break, and the setting that lifts it', () => {
    const said = (url: string): string => {
      try {
        return net.checkUrl(url).href
      } catch (error) {
        return (error as Error).message
      }
    }
    const port = /port is none of 25, 80, 443, 465, 587, 2525, 8443; .*BASEDRIFT_CHAT_ALLOW_HOSTS/
    const three = said('http://127.0.0.1:28777/s3cr3t')
    expect(three).toMatch(/https URL; .*BASEDRIFT_CHAT_ALLOW_INSECURE=true/)
    expect(three).toMatch(port)
    expect(three).toMatch(/not public; .*BASEDRIFT_CHAT_ALLOW_HOSTS/)
    expect(three).not.toMatch(/s3cr3t|127|fragment/)
    expect(said('https://example.org:28777/')).toMatch(new RegExp(`^Its ${port.source} may have any\\.$`))
    expect(said('https://localhost:8443/x')).toMatch(/^Its host is .*BASEDRIFT_CHAT_ALLOW_HOSTS may\.$/)
    expect(said('https://user@example.org/#a')).toBe('Give it without user, password and fragment.')
  })

  it('are used as they are', () => {
    expect(net.checkUrl('https://hooks.slack.com/services/T/B/x').host).toBe('hooks.slack.com')
    expect(net.checkUrl('https://example.org:8443/hook?token=1').port).toBe('8443')
    expect(net.checkUrl('https://1.1.1.1/').hostname).toBe('1.1.1.1')
  })

  it('of hosts that the operator allows may be private, and on any port', () => {
    const allowed = createNet({
      allowHosts: ['chat.internal', '*.corp.example', '10.1.0.0/16', '[fd00::5]', '127.0.0.1'],
    })
    for (const url of [
      'https://chat.internal:9000/',
      'https://a.b.corp.example:1/',
      'https://10.1.2.3:9000/',
      'https://[fd00::5]/',
      'https://0x7f.1:8065/',
      'https://localhost:8065/',
    ])
      expect(allowed.checkUrl(url).href).toContain('https://')
    expect(() => allowed.checkUrl('https://10.2.0.1/')).toThrow(coded('address-refused'))
    expect(() => allowed.checkUrl('https://[fd00::6]/')).toThrow(coded('address-refused'))
    const named = createNet({ allowHosts: ['*.corp.example'] })
    expect(() => named.checkUrl('https://evilcorp.example:1/')).toThrow(coded('url-invalid'))
    expect(() => named.checkUrl('https://corp.example:1/')).toThrow(coded('url-invalid'))
    expect(() => createNet({ allowHosts: ['10.0.0.0/99'] })).toThrow(RangeError)
    expect(() => createNet({ allowHosts: ['https://x'] })).toThrow(RangeError)
  })

  it('of mail servers are judged the same', () => {
    for (const host of ['127.0.0.1', '0x7f.1', '[::1]', '2130706433'])
      expect(() => net.checkHost(host, 587)).toThrow(coded('address-refused'))
    for (const host of ['a/b', 'a@b', 'a:25', '', 'a b', 'a#b', 'a?b'])
      expect(() => net.checkHost(host, 587)).toThrow(coded('url-invalid'))
    expect(() => net.checkHost('mail.example.org', 22)).toThrow(coded('url-invalid'))
    expect(net.checkHost('Mail.Example.ORG.', 587)).toBe('mail.example.org')
  })
})

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
