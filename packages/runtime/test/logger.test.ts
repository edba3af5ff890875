import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLogger, createMetrics, redact } from '../src/index.js'

function logged(write: (log: ReturnType<typeof createLogger>) => void): { [key: string]: unknown }[] {
  const lines: string[] = []
  write(createLogger({ level: 'info', stream: { write: (line) => lines.push(line) } }))
  return lines.map((line) => JSON.parse(line) as { [key: string]: unknown })
}

describe('the log', () => {
  it.each([
    ['a header', { req: { headers: { authorization: 'Bearer hunter2hunter2' } } }],
    ['a list of cookies', { headers: { 'set-cookie': ['a=hunter2', 'b=hunter2'] } }],
    ['a token, quotes and all', { accessToken: 'x"hunter2\\"' }],
    ['a password in a URL', { url: 'postgresql://basedrift:hunter2@127.0.0.1:5432/basedrift' }],
    ['a password in a URL without a user', { url: 'redis://:hunter2@cache' }],
    ['an error', { err: new Error('connect to rediss://x:hunter2@cache failed') }],
    ['an access token of the service', { said: `x ${`bdt_${'0'.repeat(32)}_hunter2`.padEnd(80, 'x')} y` }],
    ['the address of a webhook', { to: 'https://hooks.slack.com/services/T0/B0/hunter2' }],
    ['a query', { url: 'https://api.example/x?a=1&token=hunter2&b=2' }],
    ['the keys of a webhook', { signing: ['whsec_aGhunter2AAA/+A=', 'whsk_hunter2='] }],
    ['a webhook of any kind', { webhookUrl: 'https://chat.example/hunter2' }],
  ])('is free of %s', (_, fields) => {
    const [line] = logged((log) => log.info(fields, 'said'))
    expect(JSON.stringify(line)).not.toContain('hunter2')
    expect(JSON.stringify(line)).toContain('[redacted]')
    expect(line).toMatchObject({ level: 'info', msg: 'said' })
  })

  it('is free of secrets in messages', () => {
    const [line] = logged((log) => log.warn('sent with Authorization: Bearer hunter2hunter2'))
    expect(line?.msg).toBe('sent with Authorization: Bearer [redacted]')
  })

  it('keeps what is no secret', () => {
    const fields = {
      build: '6.1.192-2',
      url: 'https://deb.debian.org/pool/x?y=1',
      file: 'a.deb!b:c@d',
      port: 5432,
    }
    expect(logged((log) => log.info(fields, 'ok'))[0]).toMatchObject(fields)
  })

  it('stays JSON whatever it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('token', 'password', 'x', 'cookie'), (value, key) => {
        JSON.parse(redact(JSON.stringify({ [key]: value, after: 'x' })))
      }),
      { numRuns: 300 },
    )
  })

  it('stays JSON where secrets stand beside quotes and escapes', () => {
    const part = fc.constantFrom(
      '"',
      '\\',
      'x://u:',
      '@',
      '?token=',
      'Bearer abcdefgh',
      '&',
      ' ',
      'token',
      '[',
      ']',
      ':',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(part, { maxLength: 6 }), (a, b) => {
        JSON.parse(redact(JSON.stringify({ a: a.join(''), token: [b.join('')], b: [a.join('')] })))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the metrics', () => {
  it('are of this process, one registry each time', async () => {
    const [one, two] = [createMetrics(), createMetrics()]
    expect(await one.metrics()).toContain('process_cpu_seconds_total')
    expect(two).not.toBe(one)
  })
})
