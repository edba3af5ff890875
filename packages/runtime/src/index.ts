export * from './admin-token.js'
export * from './config.js'
export * from './errors.js'
export { collectSeldom } from './heap.js'
export { createLogger, type Logger, type LoggerOptions } from './logger.js'
export { createMetrics, type Metrics } from './metrics.js'
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  type PostgresLog,
  startEmbeddedPostgres,
} from './postgres/embedded.js'
export { redact } from './redact.js'
export { createShutdown, type Shutdown, type ShutdownLog } from './shutdown.js'
export { type Envelope, type Opened, openEnvelope, sealEnvelope } from './signing/envelope.js'
export { keyidOf, openSigner, readPublicKey, type Signer } from './signing/key.js'
