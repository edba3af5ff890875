import Type from 'typebox'
import { Value } from 'typebox/value'
import { RuntimeError } from './errors.js'

/** The names that pino gives its levels. */
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** A bucket for blobs in place of a directory. */
export interface S3Config {
  bucket: string
  region: string
  /** For S3 of another maker. */
  endpoint?: string
  /** Before each key, without a slash at its end. */
  prefix?: string
  /** Where absent, the AWS SDK looks for credentials where it always does. */
  credentials?: { accessKeyId: string; secretAccessKey: string }
}

/** The settings of a service. */
export interface Config {
  /** Where absent, Postgres is embedded. Holds a password: not for logs. */
  databaseUrl?: string
  /** Where absent, the queue is in the database. */
  redisUrl?: string
  dataDir: string
  host: string
  port: number
  logLevel: LogLevel
  /** File of the key that signs attestations. Where absent, it is `signing-key.pem` in the data directory. */
  signingKey?: string
  s3?: S3Config
  /** How clients reach the service: host names and origins that requests may name, and whether a proxy is trusted. */
  api: {
    hosts: string[]
    origins: string[]
    trustProxy: boolean
    /** Whether everybody may read, and see the metrics, without a token. */
    openRead: boolean
    openMetrics: boolean
    /** Those that are set. */
    limits: {
      requestsPerMinute?: number
      tokenRequestsPerMinute?: number
      tokenUploads?: number
      streamDailyBytes?: number
      tokenDailyBytes?: number
    }
  }
  worker: {
    /** Tasks at the same time, and threads that parse. Where absent, the worker chooses. */
    tasks?: number
    threads?: number
    /** How long what is settled is kept, and a build that is not sealed, in milliseconds. Where absent, the worker chooses. */
    retention: { keepMs?: number; unsealedMs?: number }
    /** Where a worker of its own shows its metrics. Where absent, it shows none. */
    metricsPort?: number
  }
  /** How channels are told of what happens. */
  chat: {
    /** Where readers of messages reach the service. */
    publicUrl?: string
    /** Keys that secrets of channels are sealed with: not for logs. */
    secretKeys?: string
    allowHosts: string[]
    allowInsecure: boolean
    /** A file with certificates of authorities, in PEM. */
    caFile?: string
    /** How long a change must have stayed, and how long one is waited for at most, in milliseconds. */
    settling: { quietMs?: number; patienceMs?: number }
    /** How long before its end a waiver is told of, in milliseconds. */
    waiverMs?: number
  }
}

/** A schema that tells in words what it takes. */
interface Told extends Type.TString {
  description: string
}

const text = (pattern: string, description: string): Told => ({
  ...Type.String({ pattern, maxLength: 4096, description }),
  description,
})

const seconds = (description: string) => text('^(0|[1-9][0-9]{0,6})$', description)

const count = (description: string) => text('^[1-9][0-9]{0,2}$', description)

const gibibytes = (what: string) =>
  text('^(0|[1-9][0-9]{0,5})$', `a number of ${what}, 0 to 999999; 0 is any number`)

const gib = 1024 ** 3

const rate = (what: string) => text('^[1-9][0-9]{0,6}$', `a number of ${what}, 1 to 9999999`)

/** What may stand in the environment. A description completes the sentence "NAME must be …". */
export const environmentSchema = Type.Object({
  DATABASE_URL: text('^postgres(ql)?://\\S+$', 'a URL like postgresql://user:password@host:5432/database'),
  REDIS_URL: text('^rediss?://\\S+$', 'a URL like redis://host:6379'),
  BASEDRIFT_DATA_DIR: text('^[^\\0]+$', 'the path of a directory'),
  BASEDRIFT_HOST: text('^[0-9A-Za-z.:_-]+$', 'an address or a host name to listen on'),
  BASEDRIFT_PORT: text('^(0|[1-9][0-9]{0,4})$', 'a port, 0 to 65535; 0 takes a free one'),
  BASEDRIFT_SIGNING_KEY: text('^[^\\0]+$', 'the path of a file'),
  BASEDRIFT_LOG_LEVEL: text(`^(${logLevels.join('|')})$`, `one of ${logLevels.join(', ')}`),
  BASEDRIFT_HOSTS: text('^[^\\s,]+(,[^\\s,]+)*$', 'host names with commas between them, or *'),
  BASEDRIFT_ORIGINS: text(
    '^https?://[^\\s,]+(,https?://[^\\s,]+)*$',
    'origins like https://builds.example.org with commas between them',
  ),
  BASEDRIFT_TRUST_PROXY: text('^(0|1|true|false)$', 'true or false'),
  BASEDRIFT_OPEN_READ: text('^(0|1|true|false)$', 'true or false'),
  BASEDRIFT_OPEN_METRICS: text('^(0|1|true|false)$', 'true or false'),
  BASEDRIFT_ADDRESS_RATE: rate('requests a minute from one address'),
  BASEDRIFT_TOKEN_RATE: rate('requests a minute with one token'),
  BASEDRIFT_TOKEN_UPLOADS: count('a number of uploads, 1 to 999'),
  BASEDRIFT_STREAM_DAILY_GIB: gibibytes('GiB a day for one stream'),
  BASEDRIFT_TOKEN_DAILY_GIB: gibibytes('GiB a day with one token'),
  BASEDRIFT_TASKS: count('a number of tasks, 1 to 999'),
  BASEDRIFT_THREADS: count('a number of threads, 1 to 999'),
  BASEDRIFT_KEEP_DAYS: text('^[1-9][0-9]{0,4}$', 'a number of days, 1 to 99999'),
  BASEDRIFT_UNSEALED_DAYS: text('^[1-9][0-9]{0,4}$', 'a number of days, 1 to 99999'),
  BASEDRIFT_METRICS_PORT: text('^(0|[1-9][0-9]{0,4})$', 'a port, 0 to 65535; 0 takes a free one'),
  BASEDRIFT_PUBLIC_URL: text('^https?://[^\\s?#]+$', 'a URL like https://basedrift.example.org'),
  BASEDRIFT_SECRET_KEYS: text(
    '^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}=(\\s*,\\s*[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}=){0,15}$',
    'ID:KEY pairs with commas between them, each KEY 32 bytes in base64',
  ),
  BASEDRIFT_CHAT_ALLOW_HOSTS: text(
    '^[^\\s,]+(,[^\\s,]+)*$',
    'host names, *.NAME, addresses or ranges with commas between them',
  ),
  BASEDRIFT_CHAT_ALLOW_INSECURE: text('^(0|1|true|false)$', 'true or false'),
  BASEDRIFT_CHAT_CA_FILE: text('^[^\\0]+$', 'the path of a file with certificates'),
  BASEDRIFT_SETTLE_SECONDS: seconds('a number of seconds'),
  BASEDRIFT_SETTLE_MAX_SECONDS: seconds('a number of seconds'),
  BASEDRIFT_WAIVER_NOTICE_HOURS: count('a number of hours, 1 to 999'),
  BASEDRIFT_S3_BUCKET: text('^[0-9A-Za-z.-]{3,63}$', 'the name of a bucket'),
  BASEDRIFT_S3_REGION: text('^[0-9A-Za-z-]+$', 'the name of a region'),
  BASEDRIFT_S3_ENDPOINT: text('^https?://\\S+$', 'a URL like https://s3.example.org'),
  BASEDRIFT_S3_PREFIX: text('^[^/\\s](.*[^/])?$', 'a prefix without a slash at its ends'),
  BASEDRIFT_S3_ACCESS_KEY_ID: text('^\\S+$', 'an access key id'),
  BASEDRIFT_S3_SECRET_ACCESS_KEY: text('^\\S+$', 'a secret access key'),
})

/** The name of a setting in the environment. */
export type SettingName = keyof typeof environmentSchema.properties

function invalid(problems: string[]): RuntimeError {
  return new RuntimeError('config-invalid', `${problems.join('. ')}.`)
}

/** The settings that are there; an empty one counts as absent. No message repeats a value: it may be a secret. */
function readSettings(env: NodeJS.ProcessEnv): { [Name in SettingName]?: string } {
  const settings: { [Name in SettingName]?: string } = {}
  const problems: string[] = []
  for (const [key, schema] of Object.entries(environmentSchema.properties)) {
    const name = key as SettingName
    const value = env[name]
    if (value === undefined || value === '') continue
    if (Value.Check(schema, value)) settings[name] = value
    else problems.push(`${name} must be ${schema.description}`)
  }
  for (const name of [
    'DATABASE_URL',
    'REDIS_URL',
    'BASEDRIFT_S3_ENDPOINT',
    'BASEDRIFT_PUBLIC_URL',
  ] as const) {
    const value = settings[name]
    if (value !== undefined && !URL.canParse(value))
      problems.push(`${name} must be ${environmentSchema.properties[name].description}`)
  }
  for (const name of ['BASEDRIFT_PORT', 'BASEDRIFT_METRICS_PORT'] as const) {
    if (Number(settings[name] ?? 0) > 65535)
      problems.push(`${name} must be ${environmentSchema.properties[name].description}`)
  }
  if (problems.length > 0) throw invalid(problems)
  return settings
}

function s3Config(settings: { [Name in SettingName]?: string }): S3Config | undefined {
  const given = Object.keys(settings).filter((name) => name.startsWith('BASEDRIFT_S3_'))
  if (given.length === 0) return undefined
  const {
    BASEDRIFT_S3_BUCKET: bucket,
    BASEDRIFT_S3_REGION: region = 'us-east-1',
    BASEDRIFT_S3_ENDPOINT: endpoint,
    BASEDRIFT_S3_PREFIX: prefix,
    BASEDRIFT_S3_ACCESS_KEY_ID: accessKeyId,
    BASEDRIFT_S3_SECRET_ACCESS_KEY: secretAccessKey,
  } = settings
  if (bucket === undefined) throw invalid([`${given[0]} needs BASEDRIFT_S3_BUCKET`])
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    throw invalid(['BASEDRIFT_S3_ACCESS_KEY_ID and BASEDRIFT_S3_SECRET_ACCESS_KEY go together'])
  return {
    bucket,
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
  }
}

const isTrue = (value: string | undefined) => ['1', 'true'].includes(value ?? '')

function chatConfig(settings: { [Name in SettingName]?: string }): Config['chat'] {
  const {
    BASEDRIFT_PUBLIC_URL: publicUrl,
    BASEDRIFT_SECRET_KEYS: secretKeys,
    BASEDRIFT_CHAT_CA_FILE: caFile,
    BASEDRIFT_SETTLE_SECONDS: quiet,
    BASEDRIFT_SETTLE_MAX_SECONDS: patience,
    BASEDRIFT_WAIVER_NOTICE_HOURS: waiver,
  } = settings
  return {
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(secretKeys === undefined ? {} : { secretKeys }),
    allowHosts: settings.BASEDRIFT_CHAT_ALLOW_HOSTS?.split(',') ?? [],
    allowInsecure: isTrue(settings.BASEDRIFT_CHAT_ALLOW_INSECURE),
    ...(caFile === undefined ? {} : { caFile }),
    settling: {
      ...(quiet === undefined ? {} : { quietMs: Number(quiet) * 1000 }),
      ...(patience === undefined ? {} : { patienceMs: Number(patience) * 1000 }),
    },
    ...(waiver === undefined ? {} : { waiverMs: Number(waiver) * 3_600_000 }),
  }
}

/**
 * The settings that the environment gives, with defaults for the rest. `config-invalid` names every setting that cannot be used
 * and what it must be, never its value.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const settings = readSettings(env)
  const s3 = s3Config(settings)
  const { DATABASE_URL, REDIS_URL, BASEDRIFT_TASKS, BASEDRIFT_THREADS, BASEDRIFT_KEEP_DAYS } = settings
  return {
    ...(DATABASE_URL === undefined ? {} : { databaseUrl: DATABASE_URL }),
    ...(REDIS_URL === undefined ? {} : { redisUrl: REDIS_URL }),
    dataDir: settings.BASEDRIFT_DATA_DIR ?? '.basedrift',
    host: settings.BASEDRIFT_HOST ?? '127.0.0.1',
    port: Number(settings.BASEDRIFT_PORT ?? 8080),
    logLevel: (settings.BASEDRIFT_LOG_LEVEL ?? 'info') as LogLevel,
    ...(settings.BASEDRIFT_SIGNING_KEY === undefined ? {} : { signingKey: settings.BASEDRIFT_SIGNING_KEY }),
    ...(s3 === undefined ? {} : { s3 }),
    api: {
      hosts: settings.BASEDRIFT_HOSTS?.split(',') ?? [],
      origins: settings.BASEDRIFT_ORIGINS?.split(',') ?? [],
      trustProxy: isTrue(settings.BASEDRIFT_TRUST_PROXY),
      openRead: isTrue(settings.BASEDRIFT_OPEN_READ),
      openMetrics: isTrue(settings.BASEDRIFT_OPEN_METRICS),
      limits: {
        ...(settings.BASEDRIFT_ADDRESS_RATE === undefined
          ? {}
          : { requestsPerMinute: Number(settings.BASEDRIFT_ADDRESS_RATE) }),
        ...(settings.BASEDRIFT_TOKEN_RATE === undefined
          ? {}
          : { tokenRequestsPerMinute: Number(settings.BASEDRIFT_TOKEN_RATE) }),
        ...(settings.BASEDRIFT_TOKEN_UPLOADS === undefined
          ? {}
          : { tokenUploads: Number(settings.BASEDRIFT_TOKEN_UPLOADS) }),
        ...(settings.BASEDRIFT_STREAM_DAILY_GIB === undefined
          ? {}
          : { streamDailyBytes: Number(settings.BASEDRIFT_STREAM_DAILY_GIB) * gib }),
        ...(settings.BASEDRIFT_TOKEN_DAILY_GIB === undefined
          ? {}
          : { tokenDailyBytes: Number(settings.BASEDRIFT_TOKEN_DAILY_GIB) * gib }),
      },
    },
    worker: {
      ...(BASEDRIFT_TASKS === undefined ? {} : { tasks: Number(BASEDRIFT_TASKS) }),
      ...(BASEDRIFT_THREADS === undefined ? {} : { threads: Number(BASEDRIFT_THREADS) }),
      retention: {
        ...(BASEDRIFT_KEEP_DAYS === undefined ? {} : { keepMs: Number(BASEDRIFT_KEEP_DAYS) * 86_400_000 }),
        ...(settings.BASEDRIFT_UNSEALED_DAYS === undefined
          ? {}
          : { unsealedMs: Number(settings.BASEDRIFT_UNSEALED_DAYS) * 86_400_000 }),
      },
      ...(settings.BASEDRIFT_METRICS_PORT === undefined
        ? {}
        : { metricsPort: Number(settings.BASEDRIFT_METRICS_PORT) }),
    },
    chat: chatConfig(settings),
  }
}
