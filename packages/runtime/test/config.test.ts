import { describe, expect, it } from 'vitest'
import { environmentSchema, loadConfig, RuntimeError } from '../src/index.js'

const codeOf = (env: NodeJS.ProcessEnv): RuntimeError => {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof RuntimeError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('the configuration', () => {
  it('has defaults for an empty environment, and takes empty settings for absent ones', () => {
    const expected = {
      dataDir: '.basedrift',
      host: '127.0.0.1',
      port: 8080,
      logLevel: 'info',
      api: {
        hosts: [],
        origins: [],
        trustProxy: false,
        openRead: false,
        openMetrics: false,
        limits: {},
      },
      worker: { retention: {} },
      chat: { allowHosts: [], allowInsecure: false, settling: {} },
    }
    expect(loadConfig({})).toEqual(expected)
    const empty = Object.fromEntries(Object.keys(environmentSchema.properties).map((name) => [name, '']))
    expect(loadConfig(empty)).toEqual(expected)
  })

  it('takes every setting', () => {
    const key = `${'A'.repeat(43)}=`
    expect(
      loadConfig({
        DATABASE_URL: 'postgresql://u:p@db:5432/ledger',
        REDIS_URL: 'rediss://valkey:6379',
        BASEDRIFT_DATA_DIR: '/var/lib/basedrift',
        BASEDRIFT_HOST: '::1',
        BASEDRIFT_PORT: '0',
        BASEDRIFT_LOG_LEVEL: 'debug',
        BASEDRIFT_HOSTS: 'a.example,b.example',
        BASEDRIFT_ORIGINS: 'https://a.example',
        BASEDRIFT_TRUST_PROXY: 'true',
        BASEDRIFT_OPEN_READ: '1',
        BASEDRIFT_OPEN_METRICS: 'true',
        BASEDRIFT_ADDRESS_RATE: '600',
        BASEDRIFT_TOKEN_RATE: '500',
        BASEDRIFT_TOKEN_UPLOADS: '4',
        BASEDRIFT_TASKS: '3',
        BASEDRIFT_THREADS: '4',
        BASEDRIFT_KEEP_DAYS: '30',
        BASEDRIFT_METRICS_PORT: '9464',
        BASEDRIFT_PUBLIC_URL: 'https://basedrift.example',
        BASEDRIFT_STREAM_DAILY_GIB: '10',
        BASEDRIFT_TOKEN_DAILY_GIB: '0',
        BASEDRIFT_UNSEALED_DAYS: '7',
        BASEDRIFT_SECRET_KEYS: `b:${key}, a:${key}`,
        BASEDRIFT_CHAT_ALLOW_HOSTS: 'chat.example,10.1.0.0/16',
        BASEDRIFT_CHAT_ALLOW_INSECURE: '1',
        BASEDRIFT_CHAT_CA_FILE: '/etc/ca.pem',
        BASEDRIFT_SETTLE_SECONDS: '5',
        BASEDRIFT_SETTLE_MAX_SECONDS: '600',
        BASEDRIFT_WAIVER_NOTICE_HOURS: '24',
        BASEDRIFT_S3_BUCKET: 'blobs',
        BASEDRIFT_S3_REGION: 'eu-1',
        BASEDRIFT_S3_ENDPOINT: 'https://s3.example',
        BASEDRIFT_S3_PREFIX: 'basedrift/blobs',
        BASEDRIFT_S3_ACCESS_KEY_ID: 'id',
        BASEDRIFT_S3_SECRET_ACCESS_KEY: 'key',
      }),
    ).toEqual({
      databaseUrl: 'postgresql://u:p@db:5432/ledger',
      redisUrl: 'rediss://valkey:6379',
      dataDir: '/var/lib/basedrift',
      host: '::1',
      port: 0,
      logLevel: 'debug',
      api: {
        hosts: ['a.example', 'b.example'],
        origins: ['https://a.example'],
        trustProxy: true,
        openRead: true,
        openMetrics: true,
        limits: {
          requestsPerMinute: 600,
          tokenRequestsPerMinute: 500,
          tokenUploads: 4,
          streamDailyBytes: 10 * 1024 ** 3,
          tokenDailyBytes: 0,
        },
      },
      worker: {
        tasks: 3,
        threads: 4,
        retention: { keepMs: 30 * 86_400_000, unsealedMs: 7 * 86_400_000 },
        metricsPort: 9464,
      },
      chat: {
        publicUrl: 'https://basedrift.example',
        secretKeys: `b:${key}, a:${key}`,
        allowHosts: ['chat.example', '10.1.0.0/16'],
        allowInsecure: true,
        caFile: '/etc/ca.pem',
        settling: { quietMs: 5_000, patienceMs: 600_000 },
        waiverMs: 24 * 3_600_000,
      },
      s3: {
        bucket: 'blobs',
        region: 'eu-1',
        endpoint: 'https://s3.example',
        prefix: 'basedrift/blobs',
        credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
      },
    })
  })

  it('names every setting that cannot be used, and repeats no value', () => {
    const error = codeOf({
      DATABASE_URL: 'mysql://root:hunter2@db',
      REDIS_URL: 'redis://[hunter2',
      BASEDRIFT_PORT: '65536',
      BASEDRIFT_LOG_LEVEL: 'loud',
      BASEDRIFT_SECRET_KEYS: 'a:hunter2',
    })
    expect(error.code).toBe('config-invalid')
    const names = [
      'DATABASE_URL',
      'REDIS_URL',
      'BASEDRIFT_PORT',
      'BASEDRIFT_LOG_LEVEL',
      'BASEDRIFT_SECRET_KEYS',
    ]
    for (const name of names) expect(error.message).toContain(`${name} must be `)
    expect(error.message).not.toContain('hunter2')
  })

  it('wants the settings of a bucket together', () => {
    expect(codeOf({ BASEDRIFT_S3_REGION: 'eu-1' }).message).toContain('BASEDRIFT_S3_BUCKET')
    expect(codeOf({ BASEDRIFT_S3_BUCKET: 'blobs', BASEDRIFT_S3_ACCESS_KEY_ID: 'id' }).message).toContain(
      'BASEDRIFT_S3_SECRET_ACCESS_KEY',
    )
  })
})
