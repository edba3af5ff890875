import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LedgerError, type NewToken } from '../src/index.js'
import { openTestLedger } from './support/ledger.js'

let opened: Awaited<ReturnType<typeof openTestLedger>>
beforeAll(async () => {
  opened = await openTestLedger()
})
afterAll(() => opened?.[Symbol.asyncDispose]())

const minute = 60_000
const day = 24 * 60 * minute
const later = (ms: number) => {
  opened.clock.now = new Date(opened.clock.now.getTime() + ms)
}

let made = 0
const wanted = (of: Partial<NewToken> = {}): NewToken => ({
  name: `hook-${++made}`,
  scopes: ['ingest'],
  streams: ['openSUSE:*'],
  expiresAt: null,
  createdBy: 'test',
  ...of,
})

describe('tokens', () => {
  it('are found by their text alone, and no secret is recorded', async () => {
    const { tokens } = opened.ledger
    const { token, text } = await tokens.create(wanted())
    expect(text).toMatch(/^bdt_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$/)
    expect(await tokens.find(text)).toMatchObject({
      state: 'valid',
      token: { id: token.id, scopes: ['ingest'] },
    })
    const secret = text.slice(37)
    const other = `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`
    for (const wrong of [other, text.slice(1), `${text}A`, '', `bdt_${'0'.repeat(32)}_${secret}`]) {
      expect(await tokens.find(wrong)).toBeNull()
    }
    const [row] = await opened.query('SELECT * FROM "Token" WHERE id = $1', [token.id])
    expect(row?.hash).toEqual(createHash('sha256').update(secret).digest())
    expect(JSON.stringify(row)).not.toContain(secret)
  })

  it('end when they expire and when they are revoked', async () => {
    const { tokens } = opened.ledger
    const { token, text } = await tokens.create(
      wanted({ expiresAt: new Date(opened.clock.now.getTime() + day) }),
    )
    later(day - 1)
    expect(await tokens.find(text)).toMatchObject({ state: 'valid' })
    later(1)
    expect(await tokens.find(text)).toMatchObject({ state: 'expired' })
    const revoked = await tokens.revoke(token.id)
    later(minute)
    expect(await tokens.revoke(token.id)).toEqual(revoked)
    expect(await tokens.find(text)).toMatchObject({ state: 'revoked' })
    expect(await tokens.revoke('00000000-0000-0000-0000-000000000000')).toBeNull()
    expect(await tokens.revoke('none')).toBeNull()
  })

  it('tell when they were used, to the minute', async () => {
    const { tokens } = opened.ledger
    const { token, text } = await tokens.create(wanted())
    const used = async () => (await tokens.get(token.id))?.lastUsedAt
    expect(await used()).toBeNull()
    await tokens.find(text)
    const first = opened.clock.now.toISOString()
    expect(await used()).toBe(first)
    later(minute - 1)
    await tokens.find(text)
    expect(await used()).toBe(first)
    later(1)
    await Promise.all([tokens.find(text), tokens.find(text)])
    expect(await used()).toBe(opened.clock.now.toISOString())
  })

  it('never have the name of another', async () => {
    const { tokens } = opened.ledger
    const { token } = await tokens.create(wanted({ name: 'twice' }))
    await tokens.revoke(token.id)
    const error = await tokens.create(wanted({ name: 'twice' })).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(LedgerError)
    expect(error).toMatchObject({ code: 'token-name-taken' })
  })

  it('are made once where several processes start, and again when no admin is left', async () => {
    await using fresh = await openTestLedger()
    const { tokens, audit } = fresh.ledger
    const all = await Promise.all(Array.from({ length: 5 }, () => tokens.firstAdmin()))
    const first = all.filter((one) => one !== null)
    expect(first).toHaveLength(1)
    expect(first[0]?.token).toMatchObject({ name: 'first-admin', scopes: ['admin'], streams: ['*'] })
    expect((await audit.list({ limit: 10 })).items).toMatchObject([
      { by: 'serve', operation: 'createToken', target: `/v1/tokens/${first[0]?.token.id}`, tokenId: null },
    ])
    await tokens.revoke(first[0]?.token.id ?? '')
    expect((await tokens.firstAdmin())?.token.name).toBe('first-admin-2')
    expect(await tokens.firstAdmin()).toBeNull()
  })
})

describe('globs of streams', () => {
  it('choose streams, builds and files', async () => {
    const { builds, streams, artifacts } = opened.ledger
    const sha256 = 'a'.repeat(64)
    for (const stream of ['a_b/x', 'aXb/x', 'c']) {
      const { build } = await builds.declare({
        stream,
        version: '1',
        release: '1',
        provenance: {},
        builtFor: null,
      })
      if (stream === 'c') await artifacts.add({ buildId: build.id, filename: 'f', sha256, size: 1 })
    }
    const globs = ['a_b*']
    expect((await streams.list({ globs, limit: 10 })).items.map(({ name }) => name)).toEqual(['a_b/x'])
    expect((await builds.list({ globs, limit: 10 })).items.map(({ stream }) => stream)).toEqual(['a_b/x'])
    expect((await builds.list({ globs: [], limit: 10 })).items).toEqual([])
    expect(await artifacts.has(sha256, globs)).toBe(false)
    expect(await artifacts.has(sha256, [...globs, 'c'])).toBe(true)
  })
})

describe('the audit log', () => {
  const entry = {
    tokenId: null,
    by: 'somebody',
    operation: 'sealBuild',
    target: '/v1/streams/a/builds/1-1/seal',
    status: 202,
    code: null,
    requestId: 'r',
  }

  it('gives the newest first, by pages that stay right while entries arrive', async () => {
    const { audit } = opened.ledger
    for (const requestId of ['1', '2', '3']) await audit.record({ ...entry, requestId })
    await audit.record({ ...entry, by: 'else' })
    const first = await audit.list({ by: 'somebody', limit: 2 })
    await audit.record({ ...entry, requestId: '4' })
    const second = await audit.list({ by: 'somebody', limit: 2, cursor: first.next ?? '' })
    expect([...first.items, ...second.items].map(({ requestId }) => requestId)).toEqual(['3', '2', '1'])
    expect(second.next).toBeNull()
    expect(first.items[0]).toMatchObject({ ...entry, requestId: '3' })
  })

  it('cannot be changed', async () => {
    await opened.ledger.audit.record(entry)
    for (const sql of [
      'UPDATE "AuditEntry" SET by = \'x\'',
      'DELETE FROM "AuditEntry"',
      'TRUNCATE "AuditEntry"',
    ]) {
      await expect(opened.query(sql)).rejects.toThrow('the audit log is only added to')
    }
  })

  it('keeps targets of any text, cut', async () => {
    await opened.ledger.audit.record({ ...entry, by: 'odd', target: `\0${'x'.repeat(5000)}` })
    const [odd] = (await opened.ledger.audit.list({ by: 'odd', limit: 1 })).items
    expect(odd?.target).toBe(`\ufffd${'x'.repeat(1023)}`)
  })
})

describe('idempotency keys', () => {
  const tokenId = '01890000-0000-7000-8000-000000000001'
  const print = (text: string) => createHash('sha256').update(text).digest()
  const answer = { status: 201, headers: { location: '/x' }, body: '{"a":1}' }
  let keys = 0
  const newKey = () => ({ tokenId, key: `key-${++keys}` })

  it('are begun once, and give the answer again', async () => {
    const { idempotency } = opened.ledger
    const key = newKey()
    const states = await Promise.all(Array.from({ length: 20 }, () => idempotency.begin(key, print('a'))))
    const begun = states.filter((one) => one.state === 'begun')
    expect(begun).toHaveLength(1)
    expect(states.filter(({ state }) => state === 'running')).toHaveLength(19)
    await idempotency.finish(key, begun[0]?.holder ?? '', answer)
    expect(await idempotency.begin(key, print('a'))).toEqual({ state: 'done', answer })
    expect(await idempotency.begin(key, print('b'))).toEqual({ state: 'differs' })
    expect((await idempotency.begin({ ...key, tokenId: tokenId.replace(/1$/, '2') }, print('b'))).state).toBe(
      'begun',
    )
  })

  it('are free again when nothing was done, when they were abandoned, and after a day', async () => {
    const { idempotency } = opened.ledger
    const key = newKey()
    const holderOf = async (text: string) => {
      const state = await idempotency.begin(key, print(text))
      return state.state === 'begun' ? state.holder : state.state
    }
    await idempotency.release(key, await holderOf('a'))
    const lost = await holderOf('b')
    later(minute - 1)
    await idempotency.extend([lost])
    later(minute - 1)
    expect(await holderOf('b')).toBe('running')
    later(1)
    expect(await holderOf('c')).toBe('differs')
    const holder = await holderOf('b')
    expect(holder).not.toBe(lost)
    // Who was given up ends nothing.
    await idempotency.finish(key, lost, { ...answer, status: 500 })
    await idempotency.release(key, lost)
    await idempotency.finish(key, holder, answer)
    expect(await idempotency.begin(key, print('b'))).toEqual({ state: 'done', answer })
    later(day)
    expect(await holderOf('d')).toMatch(/-/)
  })

  it('are swept when they are old', async () => {
    const { idempotency } = opened.ledger
    await idempotency.begin(newKey(), print('a'))
    later(day)
    const young = newKey()
    await idempotency.begin(young, print('a'))
    expect(await idempotency.sweep()).toBeGreaterThan(0)
    expect(await opened.query('SELECT key FROM "IdempotencyRecord"')).toEqual([{ key: young.key }])
  })
})
