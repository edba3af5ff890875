import Fastify from 'fastify'
import { expect, it } from 'vitest'
import { gateRoutes } from '../src/routes/gate.js'
import { gateUseRoutes } from '../src/routes/gate-uses.js'
import { liveRoutes } from '../src/routes/live.js'
import { refusalRoutes } from '../src/routes/refusals.js'
import { withdrawRoutes } from '../src/routes/withdraw.js'
import type { App, AppDependencies } from '../src/types.js'

it('what takes evidence away from gates needs `waive`, what records against them more than to read', () => {
  const scopes = new Map<string, unknown>()
  const app = Fastify() as unknown as App
  app.addHook('onRoute', ({ method, url, config }) => {
    scopes.set(`${String(method)} ${url}`, (config as { scope?: unknown } | undefined)?.scope)
  })
  const dependencies = {
    ledger: {},
    config: { limits: { gateWaits: 1, tokenGateWaits: 1, gatePollMs: 1_000 } },
  }
  gateRoutes(app, dependencies as unknown as AppDependencies)
  gateUseRoutes(app, dependencies as unknown as AppDependencies)
  liveRoutes(app, dependencies as unknown as AppDependencies)
  refusalRoutes(app, dependencies as unknown as AppDependencies)
  withdrawRoutes(app, dependencies as unknown as AppDependencies)
  expect(scopes.get('PUT /v1/environments/:environment/live/:build')).toBe('ingest')
  expect(scopes.get('DELETE /v1/environments/:environment/live/:build')).toBe('waive')
  expect(scopes.get('POST /v1/gate/break-glass')).toBe('ingest')
  expect(scopes.get('POST /v1/builds/:id/withdrawal')).toBe('waive')
  expect(scopes.get('POST /v1/builds/:id/refusals/acknowledgement')).toBe('waive')
})
