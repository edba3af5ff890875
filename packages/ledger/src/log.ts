/** The part of a logger that this package uses; pino's has it. */
export interface LedgerLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
