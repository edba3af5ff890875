/** What each `RuntimeError.code` means, and what to do about it. */
export const runtimeErrorCodes = {
  'config-invalid': 'A setting in the environment cannot be used: the message names it and what it must be.',
  'postgres-unsupported':
    'There is no embedded Postgres for this machine. Set DATABASE_URL to a PostgreSQL of your own.',
  'postgres-identity':
    'Postgres must not run as root, and no other way to run it was found here. Run as an ordinary user, or set DATABASE_URL.',
  'postgres-in-use': 'Another process uses this data directory: stop it, or use another --data-dir.',
  'postgres-permission': 'The data directory belongs to another user: run as that user, or use another one.',
  'postgres-version':
    'The data directory was made by another major version of Postgres: dump it with that one and restore it here.',
  'postgres-failed': 'The embedded Postgres did not start: the message ends with its own last words.',
  'signing-key-invalid':
    'The key is not an Ed25519 key in PEM, or cannot be read: give the file of another, or none, so that one is made.',
  'envelope-malformed': 'The file is not a signed envelope (DSSE), or was changed.',
  'signature-invalid': 'The envelope was not signed by a key that was given, or was changed afterwards.',
  'shutdown-incomplete': 'A part did not stop in time and was abandoned.',
} as const

/** One of the codes above: stable. */
export type RuntimeErrorCode = keyof typeof runtimeErrorCodes

/** An error of starting, configuring or stopping, with a stable code and without secrets in its message. */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode

  /** `message` says what and where; without it the code's own sentence stands. */
  constructor(code: RuntimeErrorCode, message: string = runtimeErrorCodes[code], options?: ErrorOptions) {
    super(message, options)
    this.name = 'RuntimeError'
    this.code = code
  }
}
