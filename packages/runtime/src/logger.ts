import { type Logger, pino } from 'pino'
import type { LogLevel } from './config.js'
import { redact } from './redact.js'

export type { Logger }

export interface LoggerOptions {
  level: LogLevel
  /** Where lines go; standard error where absent. */
  file?: string
  /** In place of a file. */
  stream?: { write(line: string): void }
}

/**
 * A logger of one JSON object a line. Every line is freed of secrets as a whole, after it was made, so that neither a field, nor a
 * message, nor an error's stack can carry one out.
 */
export function createLogger({ level, file, stream }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: redact },
    },
    stream ?? pino.destination(file === undefined ? 2 : { dest: file, mkdir: true }),
  )
}
