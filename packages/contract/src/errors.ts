/** What an error code means over HTTP: the status, a title that never changes, and a sentence that says what to do. */
export interface ErrorMeaning {
  readonly status: number
  readonly title: string
  readonly sentence: string
}

/** Every code that an answer of the service can carry. */
export const errorCodes = {
  'body-malformed': {
    status: 400,
    title: 'The body cannot be read',
    sentence: 'Send one JSON object in UTF-8.',
  },
  'cursor-invalid': {
    status: 400,
    title: 'The cursor is not one of this list',
    sentence: 'Send `next` of the page before, or leave the cursor out to start again.',
  },
  'digest-required': {
    status: 400,
    title: 'The digest is missing or cannot be read',
    sentence: 'Send the header Content-Digest: sha-256=:BASE64:, the SHA-256 of the bytes.',
  },
  'request-invalid': {
    status: 400,
    title: 'The request does not fit its schema',
    sentence: 'Correct the parts that `errors` names.',
  },
  'policy-invalid': {
    status: 400,
    title: 'The policy has a rule that cannot be read',
    sentence: 'Each line is PATTERN PASS or PATTERN FAIL, or a comment after `#`.',
  },
  'request-malformed': {
    status: 400,
    title: 'The request cannot be read',
    sentence: 'Send a well-formed HTTP request; a path holds valid percent-encoding.',
  },
  'token-missing': {
    status: 401,
    title: 'The call needs an access token',
    sentence:
      'Send the header Authorization: Bearer TOKEN; an operator makes tokens with `basedrift token create`.',
  },
  'token-invalid': {
    status: 401,
    title: 'The access token is not valid',
    sentence: 'Use a token that is known, not expired and not revoked.',
  },
  'waiver-invalid': {
    status: 400,
    title: 'A waiver cannot end then',
    sentence: 'Name a time in the future, at most 366 days from now.',
  },
  'origin-refused': {
    status: 403,
    title: 'Writes from this web page are refused',
    sentence: 'Send writes from a program, or name the page’s origin in the configuration of the service.',
  },
  'token-forbidden': {
    status: 403,
    title: 'The access token does not allow this',
    sentence: 'Use a token with the scope of the call and of the stream.',
  },
  'artifact-unknown': {
    status: 404,
    title: 'The build has no such artifact',
    sentence: 'Look for its name among the artifacts of the build.',
  },
  'build-unknown': {
    status: 404,
    title: 'There is no such build',
    sentence: 'Declare it first, or look for its id in the list of builds.',
  },
  'decision-unknown': {
    status: 404,
    title: 'There is no such decision',
    sentence: 'Look for its id in the list of decisions.',
  },
  'drift-unknown': {
    status: 404,
    title: 'There is no such drift',
    sentence: 'Look for its id in the list of the stream’s drifts.',
  },
  'channel-unknown': {
    status: 404,
    title: 'There is no such channel',
    sentence: 'Look for its id in the list of channels.',
  },
  'delivery-unknown': {
    status: 404,
    title: 'There is no such delivery',
    sentence: 'Look for its id in the list of deliveries.',
  },
  'live-unknown': {
    status: 404,
    title: 'The build never was live in this environment',
    sentence: 'Look at the names of the build and of the environment.',
  },
  'module-unknown': {
    status: 404,
    title: 'The module build has no such module',
    sentence: 'Look for its name in the list of the build’s modules.',
  },
  'pair-unknown': {
    status: 404,
    title: 'These two builds are not a pair',
    sentence: 'Name a kernel build and a module build of one stream, both ingested.',
  },
  'policy-unknown': {
    status: 404,
    title: 'The policy has no such version',
    sentence: 'Versions count up from 1; 0 is how it is without any.',
  },
  'refusal-unknown': {
    status: 404,
    title: 'The build has no such refusal',
    sentence: 'Look for its id among the refusals of the build: content that came since is under another id.',
  },
  'route-unknown': {
    status: 404,
    title: 'There is nothing at this address',
    sentence: 'See /docs for the calls there are.',
  },
  'stream-unknown': {
    status: 404,
    title: 'There is no such stream',
    sentence: 'See /v1/streams for those there are.',
  },
  'waiver-unknown': {
    status: 404,
    title: 'There is no such waiver',
    sentence: 'Look for its id in the list of waivers.',
  },
  'token-unknown': {
    status: 404,
    title: 'There is no such token',
    sentence: 'Look for its id in the list of tokens.',
  },
  'method-refused': {
    status: 405,
    title: 'The address does not take this method',
    sentence: 'Use one of those that the header Allow names.',
  },
  'upload-stalled': {
    status: 408,
    title: 'The upload was too slow',
    sentence: 'Send it again; nothing of it was kept.',
  },
  'build-differs': {
    status: 409,
    title: 'The same name is recorded with other content',
    sentence:
      'Nothing was overwritten and the attempt is recorded. Give other content another version or release, or withdraw what was pushed by mistake. Unless somebody has already said of this content what it is, no gate passes the build until somebody does: basedrift build acknowledge.',
  },
  'build-empty': {
    status: 409,
    title: 'The build has no artifact',
    sentence: 'Upload at least one artifact before sealing the build.',
  },
  'build-live': {
    status: 409,
    title: 'The build is live',
    sentence: 'Let it leave where no machine runs it any more, then withdraw it: basedrift live leave.',
  },
  'build-withdrawn': {
    status: 409,
    title: 'The build was withdrawn',
    sentence:
      'It takes part in nothing. Its name is free: declare it again, which is another build, and push the right content.',
  },
  'build-unfinished': {
    status: 409,
    title: 'The build has no verdicts',
    sentence: 'Ask again when its state is `done`; one that is `failed` never has any.',
  },
  'build-sealed': {
    status: 409,
    title: 'The build is sealed',
    sentence:
      'Nothing more can join it, and a package that came is recorded. Declare a build of its own, with `builtFor` where it holds modules only.',
  },
  'pair-pending': {
    status: 409,
    title: 'The pair has not been compared yet',
    sentence: 'Ask again when its state is `done`.',
  },
  'pair-failed': {
    status: 409,
    title: 'The pair could not be compared',
    sentence: 'The pair’s own `error` says why.',
  },
  'artifact-limit': {
    status: 409,
    title: 'The build has as many artifacts as a build may have',
    sentence: 'Upload only the packages that hold its kernel and its modules.',
  },
  'channel-exists': {
    status: 409,
    title: 'Another channel has this name',
    sentence: 'Give it a name of its own.',
  },
  'channels-unavailable': {
    status: 409,
    title: 'The service has no keys for the secrets of channels',
    sentence: 'Let its operator set BASEDRIFT_SECRET_KEYS.',
  },
  'channel-limit': {
    status: 409,
    title: 'There are as many channels as there may be',
    sentence: 'Remove those that nobody reads.',
  },
  'channel-disabled': {
    status: 409,
    title: 'The channel is disabled',
    sentence: 'Look at its `reason`, then enable it.',
  },
  'live-limit': {
    status: 409,
    title: 'As many builds of the stream are live in the environment as there may be',
    sentence:
      'Let those leave that no machine runs any more: DELETE /v1/environments/{environment}/live/{build}, basedrift live leave.',
  },
  'token-name-taken': {
    status: 409,
    title: 'A token has, or had, this name',
    sentence: 'Choose another: names are not given twice, so that a name in the audit log stays one token.',
  },
  'idempotency-running': {
    status: 409,
    title: 'A write with this Idempotency-Key is under way',
    sentence: 'Send the same again in a moment to get its answer.',
  },
  'idempotency-answer-gone': {
    status: 409,
    title: 'The write with this Idempotency-Key was done, and its answer is not kept',
    sentence: 'Read what it has made; use another key to have it done again.',
  },
  'length-required': {
    status: 411,
    title: 'The length of the body is missing',
    sentence: 'Send the header Content-Length.',
  },
  'policy-changed': {
    status: 412,
    title: 'The policy was changed meanwhile',
    sentence: 'Look at it as it is now, and send the change again with its ETag.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    sentence: 'Stay within the size that the docs give.',
  },
  'uri-too-long': { status: 414, title: 'The address is too long', sentence: 'Shorten the names in it.' },
  'media-type-refused': {
    status: 415,
    title: 'The call does not take this media type',
    sentence: 'Send application/json, or application/octet-stream for an artifact.',
  },
  'host-refused': {
    status: 421,
    title: 'The service does not answer to this host name',
    sentence: 'Use the address it listens on, or name the host in its configuration.',
  },
  'blob-unknown': {
    status: 422,
    title: 'No artifact with this digest is known',
    sentence: 'Send the bytes.',
  },
  'target-refused': {
    status: 422,
    title: 'Messages cannot be sent there',
    sentence: 'Correct the target, or let the operator of the service allow its host.',
  },
  'digest-mismatch': {
    status: 422,
    title: 'The bytes do not have the given digest',
    sentence: 'The upload was damaged or the digest is of another file. Nothing was kept; send it again.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    sentence: 'Use a new key for each write, and the same only to repeat it unchanged.',
  },
  'waits-limited': {
    status: 429,
    title: 'This token has too many questions waiting',
    sentence: 'Ask without `wait`, or wait as long as the header Retry-After says.',
  },
  'streams-limited': {
    status: 429,
    title: 'This token has too many event streams open',
    sentence: 'Close some, or ask for the build itself; Retry-After says when to try again.',
  },
  'uploads-limited': {
    status: 429,
    title: 'This token has too many uploads under way',
    sentence: 'Wait as long as the header Retry-After says.',
  },
  'quota-exceeded': {
    status: 429,
    title: 'No more bytes are taken today',
    sentence:
      'Nothing was kept. Send it again when the next day (UTC) has begun, as the header Retry-After says, or let the operator of the service raise BASEDRIFT_STREAM_DAILY_GIB or BASEDRIFT_TOKEN_DAILY_GIB.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    sentence: 'Wait as long as the header Retry-After says.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    sentence: 'Send fewer or shorter headers.',
  },
  internal: {
    status: 500,
    title: 'The service failed',
    sentence: 'Try again; if it stays, look for `instance` in the log of the service.',
  },
  'connections-exhausted': {
    status: 503,
    title: 'Too many long requests at once',
    sentence: 'Wait as long as the header Retry-After says.',
  },
  'not-ready': { status: 503, title: 'The service is not ready', sentence: 'Try again in a moment.' },
  overloaded: {
    status: 503,
    title: 'The service is overloaded',
    sentence: 'Wait as long as the header Retry-After says.',
  },
} as const satisfies Record<string, ErrorMeaning>

/** A code that an answer of the service can carry. */
export type ErrorCode = keyof typeof errorCodes

/** Whether a text is one of the codes above. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code)
}
