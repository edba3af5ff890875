import { tokenScopes } from '@basedrift/contract'
import type { Ledger } from '@basedrift/ledger'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { anonymous, Principal } from '../src/access/principal.js'
import { defaultApiConfig } from '../src/config.js'
import { useAccess } from '../src/plugins/access.js'
import { ProblemError } from '../src/problem.js'
import type { App } from '../src/types.js'

const principal = (scopes: readonly (typeof tokenScopes)[number][], streams: readonly string[]) =>
  new Principal({ id: null, name: 'test', scopes, streams })

describe('a principal', () => {
  it('has its scopes alone, and all of them with admin', () => {
    expect(tokenScopes.filter((scope) => principal(['ingest'], ['*']).has(scope))).toEqual(['ingest'])
    expect(tokenScopes.filter((scope) => principal(['admin'], ['*']).has(scope))).toEqual([...tokenScopes])
    expect(tokenScopes.filter((scope) => anonymous([]).has(scope))).toEqual([])
  })

  it('sees the streams of any of its globs', () => {
    const two = principal(['read'], ['openSUSE:*', 'Debian:bookworm/amd64/cloud'])
    expect(two.sees('openSUSE:Factory/x86_64/default')).toBe(true)
    expect(two.sees('Debian:bookworm/amd64/cloud')).toBe(true)
    expect(two.sees('Debian:bookworm/amd64/cloud-rt')).toBe(false)
    expect(() => two.permit('Fedora')).toThrow(ProblemError)
    expect(principal(['read'], []).sees('x')).toBe(false)
    expect(principal(['read'], ['x', '*']).streams).toBeNull()
  })
})

describe('routes', () => {
  it('cannot be added without a scope', () => {
    const app = Fastify() as unknown as App
    app.decorate('createRateLimit', () => async () => ({ isAllowed: true as const, key: '' }))
    useAccess(app, { ledger: {} as Ledger, config: defaultApiConfig })
    expect(() => app.get('/v1/forgotten', async () => ({}))).toThrow(/\/v1\/forgotten names no scope/)
    expect(() => app.get('/v1/known', { config: { scope: 'read' } }, async () => ({}))).not.toThrow()
  })
})
