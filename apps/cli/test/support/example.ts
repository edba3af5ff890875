import { basedrift, type Run } from './run.js'
import { startService, type TestService } from './service.js'

/** The stream that builds are pushed to. */
export const stream = 'example/x86_64/default'

/** A service of its own, and the command line of its admin. */
export interface Example extends TestService {
  client(...args: string[]): Promise<Run>
  /** Pushes a release of 5.15.12. */
  push(release: string, ...args: string[]): Promise<Run>
}

/** Starts a service in which there is nothing yet. */
export async function startExample(dataDir: string): Promise<Example> {
  const service = await startService(dataDir)
  const env = { BASEDRIFT_URL: service.url, BASEDRIFT_TOKEN: service.token }
  const client = (...args: string[]) => basedrift(args, { env })
  return {
    ...service,
    client,
    push: (release, ...args) =>
      client('push', '--stream', stream, '--version', '5.15.12', '--release', release, ...args),
  }
}
