import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { CheckPool } from '@basedrift/check'
import type { BlobStore, Ledger } from '@basedrift/ledger'
import type { Sending } from '@basedrift/notify'
import type { Signer } from '@basedrift/runtime'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import type { ApiConfig } from './config.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Address of what a read had recorded: it counts as a write then. */
    recorded: string | null
  }
}

/** The application, with types that come from the schemas of its routes. */
export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** Tells that something recorded of builds may have changed; gives what ends that. */
export type News = (listener: () => void) => () => void

/** What the application works with. Whoever opened these closes them, after the application. */
export interface AppDependencies {
  ledger: Ledger
  blobs: BlobStore
  /** Threads that find again what comparisons have counted. */
  pool: Pick<CheckPool, 'explain'>
  /** Called after work was recorded, so that it starts at once; without it a dispatcher finds it by itself. */
  ring?: () => void
  /** Calls a listener after each task that ends in this process, so that who watches a build hears of it at once; else they are looked for. */
  news?: News
  /** Seals secrets of channels and says where messages may go; without it there are no channels. */
  sending?: Sending | undefined
  /** Signs what is attested; without it nothing is. */
  signer?: Signer
  config: ApiConfig
  /** Pino's, or one like it. */
  log: FastifyBaseLogger
  /** Where the metrics of requests are registered, and what `/metrics` shows. */
  metrics: Registry
}
