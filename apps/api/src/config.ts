/** What bounds the service. Bytes, milliseconds and counts. */
export interface ApiLimits {
  /** Largest artifact. */
  artifactBytes: number
  /** Artifacts of one build. */
  artifactsPerBuild: number
  /** Uploads at the same time. */
  uploads: number
  /** Longest silence of an upload. */
  uploadIdleMs: number
  /** Least bytes a second of an upload, on average after `uploadGraceMs`. */
  uploadMinRate: number
  uploadGraceMs: number
  /** Event streams at the same time, of all and of one token. */
  eventStreams: number
  tokenEventStreams: number
  /** Questions to gates that wait at the same time, of all and of one token, and how often one looks for news. */
  gateWaits: number
  tokenGateWaits: number
  gatePollMs: number
  /** How often an event stream looks for news, and how often it shows that it is alive. */
  eventPollMs: number
  eventBeatMs: number
  /** Time for a body that is not an upload. */
  bodyMs: number
  /** Answers with findings at the same time, and the time that one may take before it is given without its lists. */
  findings: number
  findingsMs: number
  /** Requests a minute from one address, and with one token, to one process. */
  requestsPerMinute: number
  tokenRequestsPerMinute: number
  /** Uploads at the same time with one token. */
  tokenUploads: number
  /** Bytes of artifacts a day, in UTC, for one stream, and with one token; 0 is any number. */
  streamDailyBytes: number
  tokenDailyBytes: number
  /** Delay of the event loop above which requests are refused; 0 refuses none. */
  eventLoopDelayMs: number
}

/** How the service is reached. */
export interface ApiConfig {
  /** Host names, besides addresses and `localhost`, that requests may name. `*` is any. */
  hosts: readonly string[]
  /** Origins of web pages, besides the service's own, that may write: `https://builds.example.org`. */
  origins: readonly string[]
  /** Whether a proxy before the service is trusted to name the client's address. */
  trustProxy: boolean
  /** Whether everybody may read, and see the metrics, without a token. */
  openRead: boolean
  openMetrics: boolean
  limits: ApiLimits
}

/** What is set of it; limits one by one. */
export type ApiSettings = Partial<Omit<ApiConfig, 'limits'>> & { limits?: Partial<ApiLimits> }

/** What stands where nothing is configured. */
export const defaultApiConfig: ApiConfig = {
  hosts: [],
  origins: [],
  trustProxy: false,
  openRead: false,
  openMetrics: false,
  limits: {
    artifactBytes: 4 * 1024 ** 3,
    artifactsPerBuild: 64,
    uploads: 32,
    uploadIdleMs: 30_000,
    uploadMinRate: 16 * 1024,
    uploadGraceMs: 30_000,
    eventStreams: 64,
    tokenEventStreams: 16,
    gateWaits: 64,
    tokenGateWaits: 16,
    gatePollMs: 1_000,
    eventPollMs: 500,
    eventBeatMs: 15_000,
    bodyMs: 30_000,
    findings: 8,
    findingsMs: 10_000,
    requestsPerMinute: 3_000,
    tokenRequestsPerMinute: 3_000,
    tokenUploads: 16,
    streamDailyBytes: 256 * 1024 ** 3,
    tokenDailyBytes: 1024 * 1024 ** 3,
    eventLoopDelayMs: 2_000,
  },
}

/** The configuration with these settings, and the default for the rest. */
export function apiConfigOf(settings: ApiSettings): ApiConfig {
  return { ...defaultApiConfig, ...settings, limits: { ...defaultApiConfig.limits, ...settings.limits } }
}
