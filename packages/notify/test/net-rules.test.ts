import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createNet } from '../src/index.js'
import { isPublic } from '../src/net/addresses.js'

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
