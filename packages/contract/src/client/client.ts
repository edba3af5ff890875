import type { AuditList, NewToken, Token, TokenList, TokenRequest } from '../schemas/access.js'
import type { Artifact, Build, BuildList, Declaration, ModuleList, StreamList } from '../schemas/build.js'
import type { Decision, DecisionList } from '../schemas/decision.js'
import type { Drift, DriftList } from '../schemas/drift.js'
import type { BreakGlass, GateUse, GateUseList } from '../schemas/gate-use.js'
import type { EnvironmentList, Live, LiveList } from '../schemas/live.js'
import type { Explanation, Matrix, Pair } from '../schemas/pair.js'
import type { Policy, PolicySettings } from '../schemas/policy.js'
import type { AcknowledgementRequest, WithdrawalRequest } from '../schemas/refusal.js'
import type { Waiver, WaiverList, WaiverRequest } from '../schemas/waiver.js'
import { type BuildOrder, isFinal, type Verdict, type WaiverState } from '../words.js'
import { objectOf } from './answer.js'
import { type Calls, createCalls } from './calls.js'
import type { ApiError } from './errors.js'
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
  /** Any operation of the service by its name, with types from its OpenAPI document. */
  call: Calls['call']
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
  /** Of refusals that somebody looked at. */
  acknowledgeRefusals(id: string, request: AcknowledgementRequest, options?: CallOptions): Promise<Build>
  /** It was pushed by mistake. */
  withdrawBuild(id: string, request: WithdrawalRequest, options?: CallOptions): Promise<Build>
  /** The build of a stream with that version and release. */
  findBuild(name: BuildName, options?: CallOptions): Promise<Build>
  listBuilds(
    query?: {
      stream?: string | undefined
      order?: BuildOrder | undefined
      withdrawn?: boolean | undefined
    } & PageQuery,
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
  /** The token itself is in this answer alone. */
  createToken(token: TokenRequest, options?: CallOptions): Promise<NewToken>
  listTokens(query?: PageQuery, options?: CallOptions): Promise<TokenList>
  revokeToken(id: string, options?: CallOptions): Promise<Token>
  listAudit(query?: { by?: string | undefined } & PageQuery, options?: CallOptions): Promise<AuditList>
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
    query?: { environment?: string | undefined; decision?: string | undefined } & PageQuery,
    options?: CallOptions,
  ): Promise<GateUseList>
  policy(stream: string, query?: { version?: number | undefined }, options?: CallOptions): Promise<Policy>
  /** Replaces the whole policy; where `seen` is given, only if that is still its version, else `policy-changed`. */
  setPolicy(
    stream: string,
    settings: PolicySettings,
    options?: CallOptions & { seen?: number },
  ): Promise<{ outcome: WriteOutcome; policy: Policy }>
  waive(request: WaiverRequest, options?: CallOptions): Promise<{ outcome: WriteOutcome; waiver: Waiver }>
  waiver(id: string, options?: CallOptions): Promise<Waiver>
  listWaivers(
    query?: { stream?: string | undefined; state?: WaiverState | undefined } & PageQuery,
    options?: CallOptions,
  ): Promise<WaiverList>
  withdrawWaiver(id: string, options?: CallOptions): Promise<Waiver>
  /** With what is recorded of its deliveries. */
  removeChannel(id: string, options?: CallOptions): Promise<void>
  /**
   * Waits until the build is `done` or `failed`: listens to its events, and asks every `everyMs` milliseconds where there are
   * none. `onProgress` gets everything that is heard of it.
   */
  waitForBuild(id: string, options?: WaitOptions): Promise<Build>
}

const buildPath = ({ stream, version, release }: BuildName) => ({ stream, vr: `${version}-${release}` })

/** A client of the service at `baseUrl`. */
export function createClient(options: {
  baseUrl: string
  token?: string | undefined
  fetch?: typeof fetch
  retry?: Partial<RetryOptions>
  /** Says what a call ended in in words for who calls; what it gives is thrown. */
  explain?: (error: ApiError) => ApiError
}): Client {
  const transport = createTransport({
    baseUrl: options.baseUrl,
    token: options.token,
    fetch: options.fetch ?? fetch,
    retry: { ...defaultRetry, ...options.retry },
    explain: options.explain,
  })
  const { send, call } = createCalls(transport)
  const outcomeOf = (response: Response): WriteOutcome => (response.status === 201 ? 'created' : 'same')

  /** Listens to the events of a build; says whether the last one was that it has ended. */
  async function heardTheEnd(id: string, { signal, onProgress }: WaitOptions): Promise<boolean> {
    const headers = { accept: 'text/event-stream' }
    const response = await send('buildEvents', { path: { id } }, { headers, signal, expect: noEvents })
    for await (const event of buildEvents(response)) {
      onProgress?.(event)
      if (isFinal(event.state)) return true
    }
    return false
  }

  const client: Client = {
    call,

    async declareBuild(name, declaration = {}, options) {
      const response = await send('declareBuild', { path: buildPath(name), body: declaration }, options)
      return { outcome: outcomeOf(response), build: await objectOf<Build>(response) }
    },

    async putArtifact(name, filename, upload, { signal } = {}) {
      const path = { ...buildPath(name), filename }
      if ((await client.headBlob(upload.sha256, { signal })) === upload.size) {
        const headers = { 'repr-digest': digestHeader(upload.sha256) }
        const response = await send('putArtifact', { path }, { headers, signal, expect: [422] })
        // 422: it went away since; then the bytes are sent after all.
        if (response.status !== 422) {
          upload.onProgress?.(upload.size)
          return { outcome: outcomeOf(response), artifact: await objectOf<Artifact>(response), skipped: true }
        }
        await response.body?.cancel()
      }
      const headers = {
        'content-type': 'application/octet-stream',
        'content-length': String(upload.size),
        'content-digest': digestHeader(upload.sha256),
      }
      const response = await send(
        'putArtifact',
        { path },
        { headers, signal, body: (over) => bodyOf(upload, over) },
      )
      return { outcome: outcomeOf(response), artifact: await objectOf<Artifact>(response), skipped: false }
    },

    sealBuild: (name, options) => call('sealBuild', { path: buildPath(name) }, options),
    getBuild: (id, options) => call('getBuild', { path: { id } }, options),
    findBuild: (name, options) => call('findBuild', { path: buildPath(name) }, options),
    acknowledgeRefusals: (id, request, options) =>
      call('acknowledgeRefusals', { path: { id }, body: request }, options),
    withdrawBuild: (id, request, options) => call('withdrawBuild', { path: { id }, body: request }, options),
    listBuilds: (query = {}, options) => call('listBuilds', { query }, options),
    listStreams: (query = {}, options) => call('listStreams', { query }, options),
    listModules: (id, query = {}, options) => call('listModules', { path: { id }, query }, options),
    matrix: (query, options) => call('matrix', { query }, options),
    pair: (kernelBuild, moduleBuild, { verdict, ...query } = {}, options) =>
      call(
        'pair',
        {
          path: { kernelBuild, moduleBuild },
          query: { ...query, ...(verdict === undefined ? {} : { verdict: [verdict] }) },
        },
        options,
      ),
    pairModule: (kernelBuild, moduleBuild, name, query = {}, options) =>
      call('pairModule', { path: { kernelBuild, moduleBuild, name }, query }, options),

    listDrifts: (query, options) => call('listDrifts', { query }, options),
    drift: (id, options) => call('drift', { path: { id } }, options),

    async enterLive(environment, build, options) {
      const response = await send('enterLive', { path: { environment, build } }, options)
      return { outcome: outcomeOf(response), live: await objectOf<Live>(response) }
    },
    leaveLive: (environment, build, options) => call('leaveLive', { path: { environment, build } }, options),
    listLive: (environment, query = {}, options) =>
      call('listLive', { path: { environment }, query }, options),
    listEnvironments: (query = {}, options) => call('listEnvironments', { query }, options),

    gate: ({ wait, ...query }, options) =>
      call('gate', { query: { ...query, ...(wait === undefined ? {} : { wait: String(wait) }) } }, options),
    decision: (id, options) => call('decision', { path: { id } }, options),
    listDecisions: (query = {}, options) => call('listDecisions', { query }, options),
    breakGlass: (use, options) => call('breakGlass', { body: use }, options),
    listGateUses: (query = {}, options) => call('listGateUses', { query }, options),
    policy: (stream, query = {}, options) => call('getPolicy', { path: { stream }, query }, options),
    async setPolicy(stream, settings, { seen, signal } = {}) {
      const headers: Record<string, string> = seen === undefined ? {} : { 'if-match': `"${seen}"` }
      const response = await send('setPolicy', { path: { stream }, body: settings }, { headers, signal })
      return { outcome: outcomeOf(response), policy: await objectOf<Policy>(response) }
    },
    async waive(request, options) {
      const response = await send('waive', { body: request }, options)
      return { outcome: outcomeOf(response), waiver: await objectOf<Waiver>(response) }
    },
    waiver: (id, options) => call('getWaiver', { path: { id } }, options),
    listWaivers: (query = {}, options) => call('listWaivers', { query }, options),
    withdrawWaiver: (id, options) => call('withdrawWaiver', { path: { id } }, options),

    // A repeated call finds the name taken, or the key used: nothing is made twice.
    createToken: (token, options) =>
      call(
        'createToken',
        { body: token },
        { ...options, headers: { 'idempotency-key': crypto.randomUUID() } },
      ),
    listTokens: (query = {}, options) => call('listTokens', { query }, options),
    revokeToken: (id, options) => call('revokeToken', { path: { id } }, options),
    listAudit: (query = {}, options) => call('listAudit', { query }, options),

    async headBlob(sha256, { signal } = {}) {
      const response = await send('headBlob', { path: { sha256 } }, { signal, expect: [404] })
      return response.status === 404 ? null : Number(response.headers.get('content-length'))
    },

    async removeChannel(id, options) {
      await send('removeChannel', { path: { id } }, options)
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
