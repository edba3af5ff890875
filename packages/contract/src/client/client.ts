import type { Artifact, Build, BuildList, Declaration, ModuleList, StreamList } from '../schemas/build.js'
import type { Drift, DriftList } from '../schemas/drift.js'
import type {
  BreakGlass,
  Decision,
  DecisionList,
  GateUse,
  GateUseList,
  Policy,
  PolicySettings,
  Waiver,
  WaiverList,
  WaiverRequest,
} from '../schemas/gate.js'
import type { EnvironmentList, Live, LiveList } from '../schemas/live.js'
import type { Explanation, Matrix, Pair } from '../schemas/pair.js'
import { type BuildOrder, isFinal, type Verdict, type WaiverState } from '../words.js'
import { objectOf } from './answer.js'
import { buildEvents } from './events.js'
import { createTransport, defaultRetry, pause, type RetryOptions } from './transport.js'
import { bodyOf, digestHeader, type Upload } from './upload.js'

/** A build by name. */
export interface BuildName {
  stream: string
  version: string
  release: string
}

/** Which page of a list. */
export interface PageQuery {
  cursor?: string | undefined
  limit?: number | undefined
}

/** Whether a write made something, or found it there already. */
export type WriteOutcome = 'created' | 'same'

/** What every call may be given. */
export interface CallOptions {
  signal?: AbortSignal | undefined
}

/** How a build is waited for. */
export interface WaitOptions extends CallOptions {
  onProgress?: (build: Pick<Build, 'state' | 'progress'>) => void
  everyMs?: number
}

/** Statuses of a server, or of a proxy before it, that gives no events now. */
const noEvents = [404, 405, 406, 429, 500, 501, 502, 503, 504]

/**
 * The calls of the service. Each ends in an `ApiError` where the service refuses, fails or does not answer, and in the
 * signal's reason where it is aborted; calls that met a passing failure are repeated first.
 */
export interface Client {
  declareBuild(
    name: BuildName,
    declaration?: Declaration,
    options?: CallOptions,
  ): Promise<{ outcome: WriteOutcome; build: Build }>
  /** Sends the bytes, or only their digest where the service has them already. */
  putArtifact(
    name: BuildName,
    filename: string,
    upload: Upload,
    options?: CallOptions,
  ): Promise<{ outcome: WriteOutcome; artifact: Artifact; skipped: boolean }>
  sealBuild(name: BuildName, options?: CallOptions): Promise<Build>
  getBuild(id: string, options?: CallOptions): Promise<Build>
  listBuilds(
    query?: { stream?: string | undefined; order?: BuildOrder | undefined } & PageQuery,
    options?: CallOptions,
  ): Promise<BuildList>
  listStreams(query?: PageQuery, options?: CallOptions): Promise<StreamList>
  listModules(
    id: string,
    query?: { name?: string | undefined } & PageQuery,
    options?: CallOptions,
  ): Promise<ModuleList>
  matrix(query: { stream: string } & PageQuery, options?: CallOptions): Promise<Matrix>
  pair(
    kernelBuild: string,
    moduleBuild: string,
    query?: {
      verdict?: Verdict | undefined
      name?: string | undefined
      maxFindings?: number | undefined
    } & PageQuery,
    options?: CallOptions,
  ): Promise<Pair>
  pairModule(
    kernelBuild: string,
    moduleBuild: string,
    name: string,
    query?: { maxFindings?: number | undefined },
    options?: CallOptions,
  ): Promise<Explanation>
  listDrifts(query: { stream: string } & PageQuery, options?: CallOptions): Promise<DriftList>
  drift(id: string, options?: CallOptions): Promise<Drift>
  /** Bytes of an artifact that the service has, or null. */
  headBlob(sha256: string, options?: CallOptions): Promise<number | null>
  /** `outcome` is `same` where it was live already. */
  enterLive(
    environment: string,
    build: string,
    options?: CallOptions,
  ): Promise<{ outcome: WriteOutcome; live: Live }>
  leaveLive(environment: string, build: string, options?: CallOptions): Promise<Live>
  listLive(
    environment: string,
    query?: { stream?: string | undefined; history?: boolean | undefined } & PageQuery,
    options?: CallOptions,
  ): Promise<LiveList>
  listEnvironments(query?: PageQuery, options?: CallOptions): Promise<EnvironmentList>
  /** `wait` in seconds, at most 600; the service answers sooner where it can. */
  gate(
    query: {
      build: string
      environment: string
      wait?: number | undefined
      dryRun?: boolean | undefined
      onBehalfOf?: string | undefined
    },
    options?: CallOptions,
  ): Promise<Decision>
  decision(id: string, options?: CallOptions): Promise<Decision>
  listDecisions(
    query?: { build?: string | undefined; environment?: string | undefined } & PageQuery,
    options?: CallOptions,
  ): Promise<DecisionList>
  breakGlass(use: BreakGlass, options?: CallOptions): Promise<GateUse>
  listGateUses(
    query?: { environment?: string | undefined } & PageQuery,
    options?: CallOptions,
  ): Promise<GateUseList>
  policy(stream: string, query?: { version?: number | undefined }, options?: CallOptions): Promise<Policy>
  /** Replaces the whole policy. */
  setPolicy(
    stream: string,
    settings: PolicySettings,
    options?: CallOptions,
  ): Promise<{ outcome: WriteOutcome; policy: Policy }>
  waive(request: WaiverRequest, options?: CallOptions): Promise<{ outcome: WriteOutcome; waiver: Waiver }>
  waiver(id: string, options?: CallOptions): Promise<Waiver>
  listWaivers(
    query?: { stream?: string | undefined; state?: WaiverState | undefined } & PageQuery,
    options?: CallOptions,
  ): Promise<WaiverList>
  withdrawWaiver(id: string, options?: CallOptions): Promise<Waiver>
  /**
   * Waits until the build is `done` or `failed`: listens to its events, and asks every `everyMs` milliseconds where there are
   * none. `onProgress` gets everything that is heard of it.
   */
  waitForBuild(id: string, options?: WaitOptions): Promise<Build>
}

const segment = encodeURIComponent

function pathOf(name: BuildName): string {
  return `/v1/streams/${segment(name.stream)}/builds/${segment(`${name.version}-${name.release}`)}`
}

const policyPath = (stream: string) => `/v1/streams/${segment(stream)}/policy`
const livePath = (environment: string, build: string) =>
  `/v1/environments/${segment(environment)}/live/${segment(build)}`

/** A client of the service at `baseUrl`. */
export function createClient(options: {
  baseUrl: string
  token?: string | undefined
  fetch?: typeof fetch
  retry?: Partial<RetryOptions>
}): Client {
  const transport = createTransport({
    baseUrl: options.baseUrl,
    token: options.token,
    fetch: options.fetch ?? fetch,
    retry: { ...defaultRetry, ...options.retry },
  })
  const outcomeOf = (response: Response): WriteOutcome => (response.status === 201 ? 'created' : 'same')

  async function get<T>(
    path: string,
    query: Record<string, string | number | boolean | undefined> = {},
    call: CallOptions = {},
  ): Promise<T> {
    return objectOf<T>(await transport.send({ method: 'GET', path, query, signal: call.signal }))
  }

  const write = (method: 'PUT' | 'POST', path: string, body: unknown, { signal }: CallOptions) =>
    transport.send({
      method,
      path,
      headers: { 'content-type': 'application/json' },
      body: () => JSON.stringify(body),
      signal,
    })

  /** Listens to the events of a build; says whether the last one was that it has ended. */
  async function heardTheEnd(id: string, { signal, onProgress }: WaitOptions): Promise<boolean> {
    const headers = { accept: 'text/event-stream' }
    const path = `/v1/builds/${segment(id)}/events`
    const response = await transport.send({ method: 'GET', path, headers, signal, expect: noEvents })
    for await (const event of buildEvents(response)) {
      onProgress?.(event)
      if (isFinal(event.state)) return true
    }
    return false
  }

  const client: Client = {
    async declareBuild(name, declaration = {}, call = {}) {
      const response = await transport.send({
        method: 'PUT',
        path: pathOf(name),
        headers: { 'content-type': 'application/json' },
        body: () => JSON.stringify(declaration),
        signal: call.signal,
      })
      return { outcome: outcomeOf(response), build: await objectOf<Build>(response) }
    },

    async putArtifact(name, filename, upload, call = {}) {
      const path = `${pathOf(name)}/artifacts/${segment(filename)}`
      if ((await client.headBlob(upload.sha256, call)) === upload.size) {
        const response = await transport.send({
          method: 'PUT',
          path,
          headers: { 'repr-digest': digestHeader(upload.sha256) },
          signal: call.signal,
          expect: [422],
        })
        // 422: it went away since; then the bytes are sent after all.
        if (response.status !== 422) {
          upload.onProgress?.(upload.size)
          return { outcome: outcomeOf(response), artifact: await objectOf<Artifact>(response), skipped: true }
        }
        await response.body?.cancel()
      }
      const response = await transport.send({
        method: 'PUT',
        path,
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(upload.size),
          'content-digest': digestHeader(upload.sha256),
        },
        body: (over) => bodyOf(upload, over),
        signal: call.signal,
      })
      return { outcome: outcomeOf(response), artifact: await objectOf<Artifact>(response), skipped: false }
    },

    async sealBuild(name, call = {}) {
      return objectOf<Build>(
        await transport.send({ method: 'POST', path: `${pathOf(name)}/seal`, signal: call.signal }),
      )
    },

    getBuild: (id, call) => get(`/v1/builds/${segment(id)}`, {}, call),
    listBuilds: (query = {}, call = {}) => get('/v1/builds', { ...query }, call),
    listStreams: (query = {}, call = {}) => get('/v1/streams', { ...query }, call),
    listModules: (id, query = {}, call = {}) => get(`/v1/builds/${segment(id)}/modules`, { ...query }, call),
    matrix: (query, call) => get('/v1/matrix', { ...query }, call),
    pair: (kernelBuild, moduleBuild, query = {}, call = {}) =>
      get(`/v1/pairs/${segment(kernelBuild)}/${segment(moduleBuild)}`, { ...query }, call),
    pairModule: (kernelBuild, moduleBuild, name, query = {}, call = {}) =>
      get(
        `/v1/pairs/${segment(kernelBuild)}/${segment(moduleBuild)}/modules/${segment(name)}`,
        { ...query },
        call,
      ),

    listDrifts: (query, call) => get('/v1/drifts', { ...query }, call),
    drift: (id, call) => get(`/v1/drifts/${segment(id)}`, {}, call),

    async enterLive(environment, build, call = {}) {
      const path = livePath(environment, build)
      const response = await transport.send({ method: 'PUT', path, signal: call.signal })
      return { outcome: outcomeOf(response), live: await objectOf<Live>(response) }
    },
    leaveLive: async (environment, build, call = {}) =>
      objectOf<Live>(
        await transport.send({ method: 'DELETE', path: livePath(environment, build), signal: call.signal }),
      ),
    listLive: (environment, query = {}, call = {}) =>
      get(`/v1/environments/${segment(environment)}/live`, { ...query }, call),
    listEnvironments: (query = {}, call = {}) => get('/v1/environments', { ...query }, call),

    gate: ({ wait, ...query }, call) =>
      get('/v1/gate', { ...query, ...(wait === undefined ? {} : { wait: String(wait) }) }, call),
    decision: (id, call) => get(`/v1/decisions/${segment(id)}`, {}, call),
    listDecisions: (query = {}, call = {}) => get('/v1/decisions', { ...query }, call),
    breakGlass: async (use, call = {}) =>
      objectOf<GateUse>(await write('POST', '/v1/gate/break-glass', use, call)),
    listGateUses: (query = {}, call = {}) => get('/v1/gate/uses', { ...query }, call),
    policy: (stream, query = {}, call = {}) => get(policyPath(stream), { ...query }, call),
    async setPolicy(stream, settings, call = {}) {
      const response = await write('PUT', policyPath(stream), settings, call)
      return { outcome: outcomeOf(response), policy: await objectOf<Policy>(response) }
    },
    async waive(request, call = {}) {
      const response = await write('POST', '/v1/waivers', request, call)
      return { outcome: outcomeOf(response), waiver: await objectOf<Waiver>(response) }
    },
    waiver: (id, call) => get(`/v1/waivers/${segment(id)}`, {}, call),
    listWaivers: (query = {}, call = {}) => get('/v1/waivers', { ...query }, call),
    withdrawWaiver: async (id, call = {}) =>
      objectOf<Waiver>(
        await transport.send({
          method: 'DELETE',
          path: `/v1/waivers/${segment(id)}`,
          signal: call.signal,
        }),
      ),

    async headBlob(sha256, call = {}) {
      const response = await transport.send({
        method: 'HEAD',
        path: `/v1/blobs/${segment(sha256)}`,
        signal: call.signal,
        expect: [404],
      })
      return response.status === 404 ? null : Number(response.headers.get('content-length'))
    },

    async waitForBuild(id, wait = {}) {
      for (;;) {
        const build = await client.getBuild(id, wait)
        wait.onProgress?.(build)
        if (isFinal(build.state)) return build
        if (await heardTheEnd(id, wait)) continue
        await pause(wait.everyMs ?? 500, wait.signal)
      }
    },
  }
  return client
}
