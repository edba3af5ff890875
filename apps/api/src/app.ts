import { randomUUID } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { LogController } from 'fastify'
import { useAccess } from './plugins/access.js'
import { useAudit } from './plugins/audit.js'
import { serveDocument, useDocument } from './plugins/document.js'
import { refuseMalformed, sendProblem, useErrors } from './plugins/errors.js'
import { useBodyDeadline, useGuards, useLinger } from './plugins/guards.js'
import { useIdempotency } from './plugins/idempotency.js'
import { usePressureLimits } from './plugins/pressure.js'
import { useRequestRecords } from './plugins/requests.js'
import { useSecurityHeaders } from './plugins/security.js'
import { useSerialization } from './plugins/serialization.js'
import { useValidation } from './plugins/validation.js'
import { artifactRoutes } from './routes/artifacts.js'
import { attestationRoutes } from './routes/attestation.js'
import { auditRoutes } from './routes/audit.js'
import { blobRoutes } from './routes/blobs.js'
import { buildRoutes } from './routes/builds.js'
import { channelRoutes } from './routes/channels.js'
import { decisionRoutes } from './routes/decisions.js'
import { declareRoutes } from './routes/declare.js'
import { deliveryRoutes } from './routes/deliveries.js'
import { driftRoutes } from './routes/drifts.js'
import { eventRoutes } from './routes/events.js'
import { gateRoutes } from './routes/gate.js'
import { gateUseRoutes } from './routes/gate-uses.js'
import { healthRoutes } from './routes/health.js'
import { liveRoutes } from './routes/live.js'
import { matrixRoutes } from './routes/matrix.js'
import { pairRoutes } from './routes/pairs.js'
import { policyRoutes } from './routes/policies.js'
import { refusalRoutes } from './routes/refusals.js'
import { streamRoutes } from './routes/streams.js'
import { tokenRoutes } from './routes/tokens.js'
import { waiverRoutes } from './routes/waivers.js'
import { withdrawRoutes } from './routes/withdraw.js'
import type { App, AppDependencies } from './types.js'

export { type ApiConfig, type ApiLimits, type ApiSettings, apiConfigOf, defaultApiConfig } from './config.js'
export type { App, AppDependencies } from './types.js'

/** Bytes of a body that is not an upload. */
const bodyLimit = 64 * 1024

/** The HTTP application: it listens nowhere yet. Closing it ends its event streams and leaves the dependencies open. */
export async function buildApp(dependencies: AppDependencies): Promise<App> {
  const { config, log } = dependencies
  const app: App = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: config.trustProxy,
    // Uploads may take long; silence on a connection may not.
    requestTimeout: 0,
    connectionTimeout: 120_000,
    keepAliveTimeout: 72_000,
    return503OnClosing: true,
    clientErrorHandler: refuseMalformed,
    frameworkErrors: (error, request, reply) => sendProblem(request, reply, error),
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: false },
  }).withTypeProvider<TypeBoxTypeProvider>()

  useValidation(app)
  useSerialization(app)
  useRequestRecords(app, dependencies)
  useLinger(app)
  await useSecurityHeaders(app)
  await usePressureLimits(app, config.limits)
  useGuards(app, dependencies)
  useAccess(app, dependencies)
  useIdempotency(app, dependencies)
  useAudit(app, dependencies)
  useErrors(app)
  await useDocument(app)

  await app.register(async (scope: App) => {
    useBodyDeadline(scope, config.limits.bodyMs)
    scope.removeContentTypeParser('text/plain')
    declareRoutes(scope, dependencies)
    streamRoutes(scope, dependencies)
    buildRoutes(scope, dependencies)
    eventRoutes(scope, dependencies)
    blobRoutes(scope, dependencies)
    matrixRoutes(scope, dependencies)
    pairRoutes(scope, dependencies)
    driftRoutes(scope, dependencies)
    attestationRoutes(scope, dependencies)
    liveRoutes(scope, dependencies)
    policyRoutes(scope, dependencies)
    refusalRoutes(scope, dependencies)
    withdrawRoutes(scope, dependencies)
    waiverRoutes(scope, dependencies)
    gateRoutes(scope, dependencies)
    decisionRoutes(scope, dependencies)
    gateUseRoutes(scope, dependencies)
    channelRoutes(scope, dependencies)
    deliveryRoutes(scope, dependencies)
    healthRoutes(scope, dependencies)
    tokenRoutes(scope, dependencies)
    auditRoutes(scope, dependencies)
  })
  await app.register(async (scope: App) => {
    // The body of an upload is what it is: no parser touches it.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined))
    artifactRoutes(scope, dependencies)
  })
  serveDocument(app)
  await app.ready()
  return app
}
