import type { BlobStore, Ledger } from '@basedrift/ledger'
import { Registry } from 'prom-client'
import { buildApp, defaultApiConfig } from './app.js'
import type { AppDependencies } from './types.js'

/** Stands for a part that describing the service needs no answer of. */
function unused<T extends object>(name: string): T {
  return new Proxy({} as T, {
    get: () => () => {
      throw new Error(`Describing the service needs no ${name}`)
    },
  })
}

const silent = (): void => {}
const log = {
  level: 'silent',
  fatal: silent,
  error: silent,
  warn: silent,
  info: silent,
  debug: silent,
  trace: silent,
  silent,
  child: () => log,
} as unknown as AppDependencies['log']

/** The OpenAPI document of the service, made without a database: what `/v1/openapi.json` gives. */
export async function openApiDocument(): Promise<object> {
  const app = await buildApp({
    ledger: unused<Ledger>('ledger'),
    blobs: unused<BlobStore>('blob store'),
    pool: unused<AppDependencies['pool']>('threads'),
    config: defaultApiConfig,
    log,
    metrics: new Registry(),
  })
  try {
    return app.swagger()
  } finally {
    await app.close()
  }
}
