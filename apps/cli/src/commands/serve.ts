import path from 'node:path'
import { type Command, Option } from 'commander'
import { reportOf } from '../errors.js'
import { standardOutput } from '../output/destination.js'
import { wholeNumber } from '../output/numbers.js'
import { printable } from '../output/printable.js'
import { makeDataDirectory } from '../serve/data-directory.js'
import { endWithParent, hasMemorySettings, runWithMemorySettings } from '../serve/own-process.js'

interface ServeOptions {
  readonly port: number
  readonly host: string
  readonly dataDir: string
  readonly logFile?: string
  readonly newAdminToken?: boolean
}

/** `basedrift serve`: API and worker in this process, on an embedded Postgres unless DATABASE_URL names another. */
export function addServe(program: Command, ended: (code: number) => void): void {
  program
    .command('serve')
    .description('run the service: API and worker, on an embedded Postgres unless DATABASE_URL names one')
    .addOption(
      new Option('--port <port>', 'where to listen; 0 takes a free port')
        .env('BASEDRIFT_PORT')
        .argParser(wholeNumber('--port', 0, 65535))
        .default(8080),
    )
    .addOption(new Option('--host <host>', 'address to listen on').env('BASEDRIFT_HOST').default('127.0.0.1'))
    .addOption(
      new Option('--data-dir <dir>', 'where database and blobs are kept')
        .env('BASEDRIFT_DATA_DIR')
        .default('.basedrift'),
    )
    .option('--log-file <file>', 'append the log to this file instead of writing it to standard error')
    .option('--new-admin-token', 'make another admin token, where the first was lost')
    .addHelpText(
      'after',
      '\nIt says its address on standard output once it is ready, and at its first start an admin token. Ctrl-C ends it; twice, at once.',
    )
    .action(async (options: ServeOptions) => {
      if (hasMemorySettings(process.env)) await serve(options)
      else ended(await runWithMemorySettings())
    })
}

/** What commands on this machine have to be told to find a service that is not where they look; empty where it is. */
function commandsNeed(url: string, directory: string): string {
  const settings = [
    ...(url === 'http://127.0.0.1:8080' ? [] : [`BASEDRIFT_URL=${url}`]),
    ...(directory === path.resolve('.basedrift') ? [] : [`BASEDRIFT_DATA_DIR=${directory}`]),
  ]
  return settings.length === 0
    ? ''
    : `Commands on this machine find it with ${printable(settings.join(' '))}\n`
}

/** Runs until a signal ends the process, or until a part of the service ends, which is an error. */
async function serve(options: ServeOptions): Promise<never> {
  endWithParent()
  const { host, port, logFile, newAdminToken = false } = options
  const directory = path.resolve(options.dataDir)
  makeDataDirectory(directory)
  const { createLogger, createMetrics, createShutdown, loadConfig } = await import('@basedrift/runtime')
  const config = loadConfig(process.env)
  const log = createLogger({ level: config.logLevel, ...(logFile === undefined ? {} : { file: logFile }) })
  const shutdown = createShutdown({ log })
  shutdown.onSignals((code) => process.exit(code))
  const crashed = new Promise<never>((_, reject) => process.once('uncaughtException', reject))
  try {
    const { startService } = await import('../serve/service.js')
    const parts = { config, log, metrics: createMetrics(), shutdown }
    const starting = startService({ host, port, dataDir: directory, newAdminToken, ...parts })
    const service = await Promise.race([starting, crashed])
    const said = [
      `Basedrift listens on ${service.url}\n`,
      service.token ?? '',
      commandsNeed(service.url, directory),
    ]
    await standardOutput().write(said.join(''))
    return await Promise.race([service.failed, crashed])
  } catch (error) {
    const { code, message, where } = reportOf(error)
    // What is no fault of the program is said in a sentence; where it happened in the code helps nobody.
    log.fatal(code === 'internal' ? { err: error } : { code, where, detail: message }, 'the service ends')
    await shutdown.close()
    throw error
  }
}
