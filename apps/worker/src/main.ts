import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startStandalone } from './standalone.js'

export { type WorkerErrorCode, workerErrorCodes } from './errors.js'
export { openParts, type Parts, type PartsOptions } from './parts.js'
export { startWorker, type Worker, type WorkerOptions } from './worker.js'

/** `node apps/worker/dist/main.js`: a worker that runs until it is told to stop. */
async function main(): Promise<void> {
  try {
    const { shutdown } = await startStandalone(process.env)
    shutdown.onSignals((code) => process.exit(code))
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown }
    process.stderr.write(`basedrift worker: ${message} (${typeof code === 'string' ? code : 'internal'})\n`)
    process.exit(2)
  }
}

const [, entry] = process.argv
if (entry !== undefined && realpathSync(entry) === fileURLToPath(import.meta.url)) await main()
