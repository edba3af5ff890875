import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring, NotifyError, resealAll } from '../src/index.js'

const key = () => randomBytes(32).toString('base64')
const old = `2025:${key()}`
const next = `2026:${key()}`

describe('sealed secrets', () => {
  it('open for their channel alone', () => {
    const ring = createKeyring(old)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uuid(), fc.uuid(), (secret, channel, other) => {
        fc.pre(channel !== other && !/\p{Surrogate}/u.test(secret))
        const sealed = ring.seal(secret, channel)
        expect(ring.open(sealed, channel)).toBe(secret)
        expect(() => ring.open(sealed, other)).toThrow(expect.objectContaining({ code: 'secret-broken' }))
      }),
    )
  })

  it('are never the same twice, and do not show what they hold', () => {
    const ring = createKeyring(old)
    const sealed = [1, 2, 3].map(() => ring.seal('https://hooks.slack.com/services/T0', 'c'))
    expect(new Set(sealed).size).toBe(3)
    for (const text of sealed) {
      expect(text).toMatch(/^v1\.2025\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]+$/)
      expect(Buffer.from(text.split('.')[4] ?? '', 'base64url').toString('latin1')).not.toContain('hooks')
    }
  })

  it('are refused when one bit is another', () => {
    const ring = createKeyring(old)
    const sealed = ring.seal('secret', 'c')
    const parts = sealed.split('.')
    for (const at of [2, 3, 4]) {
      const bytes = Buffer.from(parts[at] ?? '', 'base64url')
      bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0)
      const changed = parts.with(at, bytes.toString('base64url')).join('.')
      expect(() => ring.open(changed, 'c')).toThrow(expect.objectContaining({ code: 'secret-broken' }))
    }
    for (const text of [
      '',
      'v1',
      'v2.2025.a.b.c',
      `${sealed}.x`,
      'v1.2025.AAAA.AAAA.AAAA',
      parts.with(3, (parts[3] ?? '').slice(0, 6)).join('.'),
    ])
      expect(() => ring.open(text, 'c')).toThrow(NotifyError)
  })

  it('are sealed by a key that came in front meanwhile, and opened by one that was taken away too early', () => {
    const ring = createKeyring(old)
    const sealed = ring.seal('secret', 'c')
    for (const bad of ['', 'nonsense', `2025:${key()}`])
      expect(() => ring.renew(bad)).toThrow(expect.objectContaining({ code: 'secret-keys-invalid' }))
    expect(ring.current).toBe('2025')
    ring.renew(next)
    expect(ring.current).toBe('2026')
    const again = ring.reseal(sealed, 'c')
    expect(createKeyring(next).open(again ?? '', 'c')).toBe('secret')
  })

  it('are opened by every key and sealed by the first', () => {
    const before = createKeyring(old)
    const during = createKeyring(`${next}, ${old}`)
    const after = createKeyring(next)
    const sealed = before.seal('secret', 'c')
    expect(during.open(sealed, 'c')).toBe('secret')
    const again = during.reseal(sealed, 'c')
    expect(after.open(again ?? '', 'c')).toBe('secret')
    expect(during.reseal(again ?? '', 'c')).toBeNull()
    expect(() => after.open(sealed, 'c')).toThrow(expect.objectContaining({ code: 'secret-key-unknown' }))
  })

  it('do not open with another key of the same name', () => {
    const sealed = createKeyring(`a:${key()}`).seal('secret', 'c')
    expect(() => createKeyring(`a:${key()}`).open(sealed, 'c')).toThrow(
      expect.objectContaining({ code: 'secret-broken' }),
    )
  })

  it('are sealed again all together; what cannot be opened is told, and stops nothing', () => {
    const before = createKeyring(old)
    const during = createKeyring(`${next},${old}`)
    const rows = [
      { channelId: 'a', sealed: before.seal('one', 'a') },
      { channelId: 'b', sealed: during.seal('two', 'b') },
      { channelId: 'c', sealed: before.seal('three', 'another') },
      { channelId: 'd', sealed: before.seal('four', 'd') },
    ]
    const run = resealAll(during, rows)
    const changed: string[] = []
    const failed: string[] = []
    let step = run.next()
    while (!step.done) {
      if ('error' in step.value) failed.push(`${step.value.channelId} ${step.value.error.code}`)
      else
        changed.push(
          `${step.value.channelId} ${createKeyring(next).open(step.value.sealed, step.value.channelId)}`,
        )
      step = run.next()
    }
    expect(changed).toEqual(['a one', 'd four'])
    expect(failed).toEqual(['c secret-broken'])
    expect(step.value).toEqual({ unchanged: 1 })
  })

  const one = key()
  it.each([
    ['nothing', ''],
    ['no id', one],
    ['a short key', `a:${Buffer.alloc(31, 7).toString('base64')}`],
    ['a long key', `a:${randomBytes(33).toString('base64')}`],
    ['a key in hexadecimal', `a:${randomBytes(32).toString('hex')}`],
    ['zeros', `a:${Buffer.alloc(32).toString('base64')}`],
    ['a phrase', `a:${Buffer.from('passwordpasswordpasswordpassword').toString('base64')}`],
    ['an id twice', `a:${one},a:${key()}`],
    ['a key twice', `a:${one},b:${one}`],
    ['an id with a full stop', `a.b:${one}`],
    ['a comma too many', `a:${one},`],
  ])('take no keys such as %s, and do not repeat them', (_what, text) => {
    try {
      createKeyring(text)
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'secret-keys-invalid' })
      expect(String((error as Error).stack)).not.toContain(one)
    }
  })
})
