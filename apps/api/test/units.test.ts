import { Readable } from 'node:stream'
import { LedgerError } from '@basedrift/ledger'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameFilter } from '../src/name-filter.js'
import { cursorOf, pageOf, positionOf } from '../src/page.js'
import { ProblemError, problemOf } from '../src/problem.js'
import { sha256OfDigest } from '../src/upload/digest.js'
import { metered } from '../src/upload/meter.js'

describe('name filters', () => {
  it('find a part without a star, and the whole with one', () => {
    expect(nameFilter('smb')('i2c_SMBus')).toBe(true)
    expect(nameFilter('smb*')('i2c_smbus')).toBe(false)
    expect(nameFilter('*smb*')('i2c_smbus')).toBe(true)
    expect(nameFilter('a*a')('a')).toBe(false)
    expect(nameFilter('*ab*b*')('ab')).toBe(false)
    expect(nameFilter('a.c')('abc')).toBe(false)
  })
})

describe('pages', () => {
  it('give every wanted row once, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 50 }),
        fc.integer({ min: 1, max: 7 }),
        (wanted, limit) => {
          const rows = wanted.map((keep, at) => ({ keep, at }))
          const seen: number[] = []
          let cursor: string | undefined
          do {
            const page = pageOf(rows, positionOf(cursor), limit, ({ keep }) => keep)
            expect(page.rows.length).toBeLessThanOrEqual(limit)
            if (page.next !== null) expect(page.rows).toHaveLength(limit)
            seen.push(...page.rows.map(({ at }) => at))
            cursor = page.next ?? undefined
          } while (cursor !== undefined)
          expect(seen).toEqual(rows.filter(({ keep }) => keep).map(({ at }) => at))
        },
      ),
    )
  })

  it('refuse a cursor of another list', () => {
    expect(positionOf(cursorOf(7))).toBe(7)
    for (const cursor of ['', 'AAAA', Buffer.from('at:-1').toString('base64url'), 'a'.repeat(500)]) {
      expect(() => positionOf(cursor)).toThrow(expect.objectContaining({ code: 'cursor-invalid' }))
    }
  })
})

describe('digests', () => {
  const empty = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'
  const hex = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

  it('are found among others', () => {
    expect(sha256OfDigest(empty)).toBe(hex)
    expect(sha256OfDigest(`sha-512=:AAAA:, ${empty}`)).toBe(hex)
    expect(sha256OfDigest(`${empty}, ${empty}`)).toBe(hex)
  })

  it.each([
    undefined,
    '',
    hex,
    `SHA-256=${hex}`,
    'sha-256=:AAAA:',
    empty.slice(0, -1),
    `${empty} x`,
    `${empty}, sha-256=:${'A'.repeat(43)}=:`,
    'x'.repeat(5000),
  ])('are not in %j', (header) => {
    expect(sha256OfDigest(header)).toBeNull()
  })
})

describe('the pace of an upload', () => {
  const pace = { idleMs: 60_000, minRate: 1000, graceMs: 10_000 }

  async function collect(body: Readable, now: () => number): Promise<number> {
    let bytes = 0
    for await (const chunk of metered(body, pace, now)) bytes += chunk.byteLength
    return bytes
  }

  it('may be slow at first, not on average', async () => {
    const chunks = () => Readable.from([Buffer.alloc(10), Buffer.alloc(10), Buffer.alloc(10)])
    let clock = 0
    expect(await collect(chunks(), () => (clock += 3000))).toBe(30)
    clock = 0
    await expect(collect(chunks(), () => (clock += 6000))).rejects.toMatchObject({ code: 'upload-stalled' })
  })

  it('leaves a body open that it gives up, so that it can be answered', async () => {
    const body = new Readable({ read() {} })
    body.push(Buffer.alloc(1))
    const source = metered(body, { ...pace, idleMs: 1 })
    expect((await source.next()).value?.byteLength).toBe(1)
    await expect(source.next()).rejects.toMatchObject({ code: 'upload-stalled' })
    expect(body.destroyed).toBe(false)
    body.destroy()
  })

  it('ends in the error of a body that breaks off', async () => {
    const body = new Readable({ read() {} })
    const reading = collect(body, () => 0)
    body.destroy(new Error('aborted'))
    await expect(reading).rejects.toThrow('aborted')
  })
})

describe('problems', () => {
  it('tell nothing of an error that nobody foresaw', () => {
    const problem = problemOf(new Error('password=secret')).toProblem('id')
    expect(problem.code).toBe('internal')
    expect(JSON.stringify(problem)).not.toContain('secret')
    for (const odd of [undefined, null, 'text', 7, { statusCode: 418 }, { code: 'FST_ERR_NEW' }]) {
      expect(problemOf(odd).code).toBe('internal')
    }
  })

  it('ask to try again where disk or database are away for a while', () => {
    for (const code of ['blob-store-failed', 'database-unreachable'] as const)
      expect(problemOf(new LedgerError(code)).code).toBe('not-ready')
  })

  it('keep what happened before what to do', () => {
    const { detail } = new ProblemError('build-unknown', 'a 1-1 was not declared.').toProblem('id')
    expect(detail).toMatch(/^a 1-1 was not declared\. Declare it first/)
  })
})
