/** What each `LedgerError.code` means, and what to do about it. */
export const ledgerErrorCodes = {
  'build-unknown': 'No build has this id, or this version and release in this stream.',
  'build-differs':
    'The name is taken by other content: nothing was overwritten, and the refusal was recorded. Publish under a new release.',
  'refusal-unknown': 'The build has no such refusal.',
  'build-sealed':
    'The build was sealed: nothing more joins it. Later packages are a module build of their own.',
  'build-live': 'The build is live: let it leave where no machine runs it, then it can be withdrawn.',
  'build-withdrawn':
    'The build was withdrawn: it takes part in nothing. Its name is free: push the right content under it.',
  'build-state': 'The build is not in the state that this step starts from.',
  'drift-unknown': 'There is no such drift: one of its builds is gone.',
  'decision-unknown': 'There is no such decision of a gate.',
  'policy-invalid': 'A rule of the policy is not PATTERN PASS or PATTERN FAIL.',
  'policy-changed': 'The policy was changed since the version that this change is of: look at it again.',
  'policy-unknown': 'The policy of the stream has no such version.',
  'waiver-unknown': 'There is no such waiver.',
  'module-unknown': 'The build has no module of this name.',
  'stream-unknown': 'There is no such stream: no build was ever declared in it.',
  'live-unknown': 'The build never was live in this environment.',
  'live-limit':
    'As many builds of the stream are live in the environment as there may be: let those leave that no machine runs.',
  'channel-unknown': 'There is no such channel.',
  'channel-exists': 'Another channel has this name: give it a name of its own.',
  'channel-limit': 'There are as many channels as there may be: remove those that nobody reads.',
  'channel-disabled': 'The channel is disabled: enable it first.',
  'delivery-unknown': 'There is no such delivery.',
  'token-name-taken': 'A token has, or had, this name: names are not given twice. Choose another.',
  'cursor-invalid': 'The cursor is not one that this list gave. Start again without it.',
  'pair-unknown':
    'There is no such pair: one of the builds is unknown, not ingested yet, or of another stream.',
  'blob-unknown': 'The blob store holds nothing under this SHA-256.',
  'blob-too-large': 'The content is larger than the limit for one file.',
  'blob-digest-mismatch': 'The content does not have the SHA-256 that was announced: send it again.',
  'blob-damaged':
    'The stored file has changed since it was stored: look at the disk, then restore it or upload it again.',
  'blob-store-failed': 'The blob store could not be read or written: look at its directory or bucket.',
  'database-unreachable': 'The database does not answer: look at DATABASE_URL and at the server.',
  'migration-edited': 'A migration was edited after it had been applied: restore its file as it was.',
  'migration-failed':
    'A migration failed half-way: repair the database as its log says, then mark it resolved.',
  'migration-unknown': 'The database has a migration that this version does not know: run a newer version.',
  'migrations-missing': 'The directory with the migrations was not found: install the project whole.',
} as const

/** One of the codes above: stable, part of the API. */
export type LedgerErrorCode = keyof typeof ledgerErrorCodes

/** An error of the ledger or of the blob store, with a stable code and without secrets in its message. */
export class LedgerError extends Error {
  readonly code: LedgerErrorCode

  /** `message` says what and where; without it the code's own sentence stands. */
  constructor(code: LedgerErrorCode, message: string = ledgerErrorCodes[code], options?: ErrorOptions) {
    super(message, options)
    this.name = 'LedgerError'
    this.code = code
  }
}
