import { ApiError, type ErrorCode, errorCodes } from '@basedrift/contract/client'

/** What to do about an answer of the service, for somebody at a command line: in the place of the sentence for who writes HTTP. */
const advice: Partial<Readonly<Record<ErrorCode, string>>> = {
  'build-unknown': '`basedrift builds` lists those there are.',
  'decision-unknown': '`basedrift gate` prints the id of the one that it asked for.',
  'delivery-unknown': '`basedrift deliveries` lists those there are.',
  'drift-unknown': '`basedrift drifts --stream STREAM` lists those there are.',
  'live-unknown':
    '`basedrift live environments` and `basedrift live list --history` show what is and was live.',
  'pair-unknown':
    'Name a build with a kernel first, then one with modules, of one stream and both read: `basedrift build` shows what one holds.',
  'module-unknown': '`basedrift pair` without --module shows the modules of the build.',
  'quota-exceeded':
    'Nothing of this file was kept. The same command sends what is missing once the next day (UTC) has begun; the operator of the service can raise BASEDRIFT_STREAM_DAILY_GIB or BASEDRIFT_TOKEN_DAILY_GIB.',
  'stream-unknown': '`basedrift streams` lists those there are.',
  'token-missing':
    'Give one with --token or in BASEDRIFT_TOKEN; for a service on this machine, its data directory in BASEDRIFT_DATA_DIR.',
  'waiver-unknown': '`basedrift waive list` lists those there are.',
}

/** A part of a request by its name: `body/expiresAt` is `expiresAt`, the body as a whole `body`. */
const partOf = (path: string): string => path.replace(/^(?:body|params|querystring|headers)\//, '')

/** What a call ended in, for somebody at a command line. `tokenFile` is where its token was found; null where it was given. */
export function explanations(tokenFile: string | null): (error: ApiError) => ApiError {
  const worded = (error: ApiError, sentence: string): ApiError => {
    // What the service says of the case itself stands before the sentence of the code.
    const general = errorCodes[error.code as ErrorCode]?.sentence
    const said =
      general === undefined || !error.message.includes(general)
        ? `${error.message} ${sentence}`
        : error.message.replace(general, () => sentence)
    return saying(error, said)
  }
  /** Where the service says nothing of the case, what went wrong stands in the code's title alone. */
  const titled = (error: ApiError): ApiError => {
    const meaning = errorCodes[error.code as ErrorCode]
    return meaning === undefined || error.message !== meaning.sentence
      ? error
      : saying(error, `${meaning.title}. ${meaning.sentence}`)
  }
  const saying = (error: ApiError, said: string): ApiError => {
    const { code, status, instance, errors, retryAfterMs, cause } = error
    return new ApiError(code, said, { status, instance, errors, retryAfterMs, cause })
  }
  return (error) => {
    if (error.errors.length > 0) {
      const parts = error.errors.map(({ path, message }) => `${partOf(path)}: ${message}`)
      return worded(error, `The service does not take ${parts.join('; ')}.`)
    }
    if (error.code === 'token-invalid' && tokenFile !== null) {
      return worded(
        titled(error),
        `The token was taken from ${tokenFile}: name the data directory of the service that is asked in BASEDRIFT_DATA_DIR, or give a token in BASEDRIFT_TOKEN.`,
      )
    }
    const sentence = advice[error.code as ErrorCode]
    return sentence === undefined ? titled(error) : worded(titled(error), sentence)
  }
}
