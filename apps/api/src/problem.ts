import { type ErrorCode, errorCodes, type FieldError, type Problem } from '@basedrift/contract'
import { isUnreachable, LedgerError, type LedgerErrorCode } from '@basedrift/ledger'

/** Ends a request with problem details. */
export class ProblemError extends Error {
  readonly code: ErrorCode
  readonly headers: Readonly<Record<string, string>>
  readonly errors: readonly FieldError[] | undefined

  /** `detail` says what happened here; the code's own sentence, what to do, follows it. */
  constructor(
    code: ErrorCode,
    detail?: string,
    options: { headers?: Record<string, string>; errors?: FieldError[]; cause?: unknown } = {},
  ) {
    const sentence = errorCodes[code].sentence
    super(detail === undefined ? sentence : `${detail} ${sentence}`, { cause: options.cause })
    this.name = 'ProblemError'
    this.code = code
    this.headers = options.headers ?? {}
    this.errors = options.errors
  }

  /** The body of the answer. `instance` is the id of the request. */
  toProblem(instance: string): Problem {
    const { status, title } = errorCodes[this.code]
    return {
      type: `urn:basedrift:error:${this.code}`,
      title,
      status,
      detail: this.message,
      code: this.code,
      instance,
      ...(this.errors === undefined ? {} : { errors: [...this.errors] }),
    }
  }
}

/** What the ledger's codes are over HTTP; a code that is not here is the service's own failure. */
const ofLedger: Partial<Record<LedgerErrorCode, ErrorCode>> = {
  'build-unknown': 'build-unknown',
  'build-differs': 'build-differs',
  'build-live': 'build-live',
  'build-sealed': 'build-sealed',
  'build-withdrawn': 'build-withdrawn',
  'channel-disabled': 'channel-disabled',
  'channel-exists': 'channel-exists',
  'channel-limit': 'channel-limit',
  'channel-unknown': 'channel-unknown',
  'cursor-invalid': 'cursor-invalid',
  'decision-unknown': 'decision-unknown',
  'delivery-unknown': 'delivery-unknown',
  'drift-unknown': 'drift-unknown',
  'live-limit': 'live-limit',
  'live-unknown': 'live-unknown',
  'module-unknown': 'module-unknown',
  'pair-unknown': 'pair-unknown',
  'policy-changed': 'policy-changed',
  'policy-invalid': 'policy-invalid',
  'policy-unknown': 'policy-unknown',
  'refusal-unknown': 'refusal-unknown',
  'stream-unknown': 'stream-unknown',
  'waiver-unknown': 'waiver-unknown',
  'token-name-taken': 'token-name-taken',
  'blob-unknown': 'blob-unknown',
  'blob-too-large': 'body-too-large',
  'blob-digest-mismatch': 'digest-mismatch',
  'blob-store-failed': 'not-ready',
  'database-unreachable': 'not-ready',
}

/** Codes of which the ledger's message says what was wrong here, and names nothing but what was asked for and what stands in its way. */
const saysWhatIsWrong: ReadonlySet<ErrorCode> = new Set([
  'build-live',
  'live-limit',
  'module-unknown',
  'policy-invalid',
  'stream-unknown',
])

/** What Fastify's codes, those of its plugins, and those of Node's HTTP parser are over HTTP. */
const ofFramework: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'body-malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body-malformed',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'body-malformed',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type-refused',
  FST_ERR_BAD_URL: 'request-malformed',
  FST_ERR_ASYNC_CONSTRAINT: 'request-malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'uri-too-long',
  FST_UNDER_PRESSURE: 'overloaded',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'upload-stalled',
}

const ofStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'request-malformed',
  403: 'route-unknown',
  404: 'route-unknown',
  413: 'body-too-large',
  414: 'uri-too-long',
  415: 'media-type-refused',
  429: 'rate-limited',
  503: 'overloaded',
}

/** Where a request does not fit its schema, as Ajv has it. */
interface Misfit {
  readonly instancePath: string
  readonly keyword?: string
  readonly message?: string
  readonly params?: Record<string, unknown>
  readonly parentSchema?: { readonly description?: unknown; readonly examples?: unknown }
}

interface ForeignError {
  code?: unknown
  statusCode?: unknown
  validation?: readonly Misfit[]
  validationContext?: string
}

/** What is wrong, and what would fit: a pattern says that to programs alone. */
function misfitOf({ keyword, message, parentSchema }: Misfit): string {
  const { description, examples } = parentSchema ?? {}
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined
  const wanted = [
    ...(typeof description === 'string' ? [description.replace(/\.$/, '')] : []),
    ...(typeof example === 'string' ? [`as in ${example}`] : []),
  ].join(', ')
  if (keyword === 'pattern' && wanted !== '') return `does not fit: ${wanted}`
  const wrong = message ?? 'does not fit'
  return keyword === 'minLength' || keyword === 'maxLength' || wanted === '' ? wrong : `${wrong} (${wanted})`
}

function fieldErrors(error: ForeignError): FieldError[] {
  return (error.validation ?? []).slice(0, 20).map((misfit) => {
    const { instancePath, params } = misfit
    const extra = params?.additionalProperty
    const path = `${error.validationContext ?? ''}${instancePath}${typeof extra === 'string' ? `/${extra}` : ''}`
    return { path: path.slice(0, 256), message: misfitOf(misfit).slice(0, 512) }
  })
}

/** Any error as problem details. What the service itself did wrong becomes `internal`, and nothing of it is told. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  if (error instanceof LedgerError) {
    const code = ofLedger[error.code]
    if (code === undefined) return new ProblemError('internal', undefined, { cause: error })
    return new ProblemError(code, saysWhatIsWrong.has(code) ? error.message : undefined, { cause: error })
  }
  if (isUnreachable(error)) return new ProblemError('not-ready', undefined, { cause: error })
  const foreign = (typeof error === 'object' && error !== null ? error : {}) as ForeignError
  if (foreign.validation !== undefined) {
    return new ProblemError('request-invalid', undefined, { errors: fieldErrors(foreign), cause: error })
  }
  const code =
    (typeof foreign.code === 'string' ? ofFramework[foreign.code] : undefined) ??
    (typeof foreign.statusCode === 'number' ? ofStatus[foreign.statusCode] : undefined)
  return new ProblemError(code ?? 'internal', undefined, { cause: error })
}
