import { readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  BreakGlass,
  type Build,
  Decision,
  GateUse,
  httpSchemas,
  Live,
  PolicySettings,
  WaiverRequest,
} from '@basedrift/contract'
import type { Worker } from '@basedrift/worker/main'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { smallBuilds } from '../../scripts/lib/small-builds.mjs'
import { newName, sha256Of, type TestService, uploadOf } from './support/service.js'
import { startWorkedService, type WorkedService } from './support/worked.js'

const environment = 'production'
const { stream } = newName()

let worked: WorkedService
let service: TestService
let worker: Worker
let folder: string
let files: { release: string; files: string[] }[]
let old: Build
let fresh: Build

async function upload(release: string, paths: string[]): Promise<string> {
  const name = { stream, version: '5.15.12', release }
  const { build } = await service.client.declareBuild(name)
  for (const file of paths)
    await service.client.putArtifact(name, path.basename(file), uploadOf(await readFile(file)))
  return build.id
}

async function seal(release: string): Promise<Build> {
  const { id } = await service.client.sealBuild({ stream, version: '5.15.12', release })
  worker.dispatcher.ring()
  return service.client.waitForBuild(id, { everyMs: 20, signal: AbortSignal.timeout(40_000) })
}

beforeAll(async () => {
  worked = await startWorkedService({ limits: { gatePollMs: 20, gateWaits: 3, tokenGateWaits: 2 } })
  ;({ service, worker, folder } = worked)
  files = await smallBuilds(path.join(folder, 'builds'))
  await upload('1.1', files[0]?.files ?? [])
  old = await seal('1.1')
})
afterAll(() => worked?.[Symbol.asyncDispose]())

describe('the gate', () => {
  it('is unknown where nothing is live, and where nothing is known of the environment', async () => {
    const decision = await service.client.gate({ build: old.id, environment })
    expect(decision).toMatchObject({ answer: 'unknown', reasons: [{ code: 'environment-unknown' }] })
    expect(decision.reasons[0]?.remedy).toContain('basedrift live enter')
  })

  it('waits for evidence, and fails the rebuild in place that the live kernel refuses', async () => {
    const { client } = service
    await client.enterLive(environment, old.id)
    expect(await client.gate({ build: old.id, environment })).toMatchObject({ answer: 'pass' })
    const id = await upload('1.3', files[1]?.files ?? [])
    expect(await client.gate({ build: id, environment })).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'build-unsealed', outcome: 'unknown' }],
    })
    const waiting = client.gate({ build: id, environment, wait: 60 })
    fresh = await seal('1.3')
    // It fails as soon as one pair does, and says all once every pair is compared.
    expect((await waiting).answer).toBe('fail')
    const decision = await client.gate({ build: id, environment })
    expect(decision).toMatchObject({
      answer: 'fail',
      stream,
      build: { id: fresh.id },
      considered: [{ build: { id: old.id }, compared: true, because: 'same-release' }],
      compared: { pairs: 2, modules: 4 },
    })
    const links = decision.reasons.flatMap(({ modules }) => modules.map(({ name, href }) => [name, href]))
    expect(decision.reasons.map(({ direction, verdict, count }) => [direction, verdict, count])).toEqual([
      ['modules-on-live', 'rejected', 1],
      ['modules-on-live', 'misread', 1],
    ])
    for (const [name, href] of links) {
      const explained = (await (await service.fetch(`${href}`)).json()) as { result: { name: string } }
      expect(explained.result.name).toBe(name)
    }
    const shown = await client.decision(decision.id)
    expect(shown).toEqual(decision)
    expect(await client.gate({ build: fresh.id, environment })).toEqual(decision)
    const inputs = await service.fetch(`/v1/decisions/${decision.id}/inputs`)
    const text = await inputs.text()
    expect(JSON.parse(text)).toMatchObject({ environment, policy: { version: 0 } })
    const sorted = (_: string, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value
    expect(sha256Of(Buffer.from(JSON.stringify(JSON.parse(text), sorted)))).toBe(decision.inputs)
    for (const path of [`/v1/decisions/${decision.id}`, `/v1/decisions/${decision.id}/inputs`]) {
      const etag = (await service.fetch(path)).headers.get('etag') ?? ''
      const again = await service.fetch(path, { headers: { 'if-none-match': etag } })
      expect([etag, again.status, await again.text()]).toEqual([expect.stringMatching(/^W\//), 304, ''])
    }
    const asked = await service.fetch(`/v1/gate?build=${fresh.id}&environment=${environment}`)
    expect(asked.headers.get('cache-control')).toBe('no-store')
  })

  it('gives up waiting when the time is over, and says what is missing', async () => {
    const { client } = service
    const { build } = await client.declareBuild({ stream, version: '5.15.12', release: '1.5' })
    const waits = [1, 2].map(() => client.gate({ build: build.id, environment, wait: 1 }))
    for (const decision of await Promise.all(waits))
      expect(decision).toMatchObject({ answer: 'unknown', reasons: [{ code: 'build-unsealed' }] })
    const { items } = await client.listDecisions({ build: build.id, environment })
    expect(items).toHaveLength(1)
    for (const wait of ['11m', '-1', '1h', 'soon']) {
      const answer = await service.fetch(`/v1/gate?build=${build.id}&environment=a&wait=${wait}`)
      expect(answer.status).toBe(400)
    }
  })

  it('lets no more wait than a token may, and than it can, and says which', async () => {
    const { build } = await service.client.declareBuild({ stream, version: '5.15.12', release: '1.6' })
    const another = await service.newToken(['read'])
    /** What the first answer is, while the others wait. */
    const refusal = async (tokens: readonly string[]) => {
      const over = new AbortController()
      const asked = tokens.map((token) =>
        service.fetch(`/v1/gate?build=${build.id}&environment=${environment}&wait=1m`, {
          headers: { authorization: `Bearer ${token}` },
          signal: over.signal,
        }),
      )
      const answer = await Promise.race(asked)
      const { code } = (await answer.json()) as { code: string }
      over.abort()
      await Promise.allSettled(asked)
      return [answer.status, code, answer.headers.get('retry-after')]
    }
    const { token } = service
    expect(await refusal([token, token, token])).toEqual([429, 'waits-limited', '5'])
    // Who has gone gives the place back, as soon as that is heard.
    await expect
      .poll(() => refusal([token, token, another, another]))
      .toEqual([503, 'connections-exhausted', '5'])
    const levels = service.log
      .filter((line) => /waits-limited|connections-exhausted/.test(line))
      .map((line) => (JSON.parse(line) as { level: string }).level)
    expect(new Set(levels)).toEqual(new Set(['warn']))
    expect((await service.client.listDecisions({ build: build.id })).items).toEqual([])
  })

  it('goes by policy and waivers, and keeps both', async () => {
    const { client } = service
    const question = { build: fresh.id, environment }
    const { policy } = await client.setPolicy(stream, { rules: 'sauc?r PASS # known\nspoon PASS\n' })
    expect(policy).toMatchObject({ version: 1, author: 'first-admin', live: 'all' })
    const path = `/v1/streams/${encodeURIComponent(stream)}/policy`
    expect((await service.fetch(path)).headers.get('etag')).toBe('"1"')
    await expect(client.setPolicy(stream, { live: 'newest' }, { seen: 0 })).rejects.toMatchObject({
      code: 'policy-changed',
      status: 412,
    })
    const { rules } = policy
    expect((await client.setPolicy(stream, { rules }, { seen: 0 })).outcome, 'a call that is repeated').toBe(
      'same',
    )
    expect((await client.setPolicy(stream, { rules }, { seen: 1 })).outcome).toBe('same')
    const tolerated = await client.gate(question)
    expect(tolerated).toMatchObject({
      answer: 'fail',
      policyVersion: 1,
      tolerated: 1,
      reasons: [{ verdict: 'rejected', modules: [{ name: 'teapot' }] }],
      rules: [{ line: 1, pattern: 'sauc?r', count: 1 }],
      unusedRules: [{ line: 2, pattern: 'spoon', count: 0 }],
    })
    const request = {
      kernelBuild: old.id,
      moduleBuild: fresh.id,
      verdicts: ['rejected' as const],
      modules: ['teapot'],
      reason: 'goes with the next rebuild',
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    }
    const { waiver } = await client.waive(request)
    expect(waiver).toMatchObject({ state: 'active', baseSha256: old.kernel?.base.sha256 })
    expect((await client.waive(request)).outcome).toBe('same')
    expect(await client.gate(question)).toMatchObject({
      answer: 'pass',
      reasons: [],
      waived: [{ waiver: waiver.id, reason: request.reason, author: 'first-admin', count: 1 }],
    })
    expect((await client.withdrawWaiver(waiver.id)).state).toBe('withdrawn')
    expect((await client.listWaivers({ stream })).items).toMatchObject([
      { id: waiver.id, state: 'withdrawn' },
    ])
    expect(await client.gate(question)).toMatchObject({ answer: 'fail', waived: [{ state: 'withdrawn' }] })
    expect(await client.policy(stream, { version: 1 })).toEqual(policy)
    await expect(client.setPolicy(stream, { rules: 'saucer\n' })).rejects.toMatchObject({
      code: 'policy-invalid',
      status: 400,
      message: expect.stringContaining('Line 1 of the rules, "saucer"'),
    })
    for (const expiresAt of ['2020-01-01T00:00:00Z', '2999-01-01T00:00:00Z', 'tomorrow']) {
      await expect(client.waive({ ...request, expiresAt })).rejects.toMatchObject({
        code: 'waiver-invalid',
        message: expect.stringMatching(/expiresAt .*366 days/),
      })
    }
    // The time that the refusal names as one that may be given is one.
    const { message } = await client.waive({ ...request, expiresAt: 'soon' }).then(String, (error) => error)
    const [expiresAt] = /\d{4}-\d\d-\d\dT[\d:]+Z/.exec(message) ?? []
    expect((await client.waive({ ...request, expiresAt: String(expiresAt) })).waiver.state).toBe('active')
    await expect(client.waive({ ...request, verdicts: ['crashes' as never] })).rejects.toMatchObject({
      code: 'request-invalid',
    })
  })

  it('records dry runs and broken glasses', async () => {
    const { client } = service
    const dry = await client.gate({ build: fresh.id, environment, dryRun: true, onBehalfOf: 'anna' })
    await client.gate({ build: fresh.id, environment, dryRun: true, onBehalfOf: 'anna' })
    expect((await client.listGateUses({ decision: dry.id })).items).toMatchObject([
      { kind: 'dry-run', by: 'first-admin', onBehalfOf: 'anna', times: 2 },
    ])
    const broken = {
      build: fresh.id,
      environment,
      decision: dry.id,
      reason: 'security fix',
      onBehalfOf: 'anna',
    }
    expect(await client.breakGlass(broken)).toMatchObject({ kind: 'break-glass', reason: 'security fix' })
    expect((await client.listGateUses({ decision: dry.id })).items).toHaveLength(2)
    expect(await client.decision(dry.id)).toEqual(dry)
    expect((await client.listGateUses({ environment })).items.map(({ kind }) => kind)).toEqual([
      'break-glass',
      'dry-run',
    ])
    expect(service.log.some((line) => line.includes('somebody publishes against the gate'))).toBe(true)
  })

  it('is unknown by other content that was refused, until somebody who may waive has looked at it', async () => {
    const { client } = service
    const question = { build: old.id, environment }
    expect((await client.gate(question)).answer).toBe('pass')
    const [{ filename = '' } = {}] = old.artifacts
    const name = { stream, version: '5.15.12', release: '1.1' }
    await expect(client.putArtifact(name, filename, uploadOf(Buffer.from('another')))).rejects.toMatchObject({
      code: 'build-differs',
      message: expect.stringContaining('basedrift build acknowledge'),
    })
    const { answer, reasons } = await client.gate({ ...question, wait: 60 })
    expect([answer, reasons.map(({ code }) => code)]).toEqual(['unknown', ['content-refused']])
    expect(reasons[0]?.detail).toContain(`sha256 ${sha256Of(Buffer.from('another'))}`)
    const [refusal] = (await client.getBuild(old.id)).refusals
    expect(refusal).toMatchObject({ filename, by: 'first-admin', times: 1, acknowledgement: null })
    const at = `/v1/builds/${old.id}/refusals/acknowledgement`
    const body = JSON.stringify({ refusals: [refusal?.id], reason: 'a rebuild that was never published' })
    const say = async (...scopes: ('ingest' | 'read' | 'waive')[]) => {
      const authorization = `Bearer ${await service.newToken(scopes)}`
      const headers = { authorization, 'content-type': 'application/json' }
      return (await service.fetch(at, { method: 'POST', headers, body })).status
    }
    expect([await say('ingest', 'read'), await say('waive'), await say('waive')]).toEqual([403, 200, 200])
    expect((await client.gate(question)).answer).toBe('pass')
    const { items } = await client.listAudit()
    expect(items.filter(({ operation }) => operation === 'acknowledgeRefusals')).toMatchObject([
      { status: 200, target: at },
      { status: 200 },
      { status: 403, code: 'token-forbidden' },
    ])
    const unknown = client.acknowledgeRefusals(old.id, { refusals: [old.id], reason: 'unknown' })
    await expect(unknown).rejects.toMatchObject({ code: 'refusal-unknown', status: 404 })
  })

  it('is unknown for good of a build that was withdrawn, whose name is free then', async () => {
    const { client } = service
    const reason = 'the wrong file'
    await expect(client.withdrawBuild(old.id, { reason })).rejects.toMatchObject({
      code: 'build-live',
      status: 409,
      message: expect.stringMatching(/^The build is live in production\. .*basedrift live leave/),
    })
    const withdraw = async (scope: 'ingest' | 'waive') => {
      const authorization = `Bearer ${await service.newToken([scope])}`
      const headers = { authorization, 'content-type': 'application/json' }
      const body = JSON.stringify({ reason })
      return (await service.fetch(`/v1/builds/${fresh.id}/withdrawal`, { method: 'POST', headers, body }))
        .status
    }
    expect([await withdraw('ingest'), await withdraw('waive')]).toEqual([403, 200])
    expect(await client.getBuild(fresh.id)).toMatchObject({ state: 'done', withdrawal: { reason } })
    expect(await client.gate({ build: fresh.id, environment, wait: 60 })).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'build-withdrawn' }],
    })
    await expect(client.enterLive(environment, fresh.id)).rejects.toMatchObject({ code: 'build-withdrawn' })
    const { cells } = await client.matrix({ stream })
    expect(cells.map(({ kernelBuild, moduleBuild }) => [kernelBuild, moduleBuild])).toEqual([
      [old.id, old.id],
    ])
    const name = { stream, version: '5.15.12', release: '1.3' }
    await expect(client.findBuild(name)).rejects.toMatchObject({ code: 'build-unknown', status: 404 })
    const again = await client.declareBuild(name)
    expect([again.outcome, again.build.id === fresh.id]).toEqual(['created', false])
    expect((await client.listBuilds({ stream, withdrawn: true })).items.map(({ id }) => id)).toEqual([
      fresh.id,
    ])
  })

  it('is unknown where modules have no symbol versions, though the kernel they were built with has', async () => {
    const { client } = service
    const name = { stream: `${stream}/bare`, version: '5.15.12', release: '1.1' }
    const { build } = await client.declareBuild(name)
    const whole = (await readFile(files[0]?.files[0] ?? '')).toString('latin1')
    const bare = Buffer.from(whole.replaceAll('\0__versions\0', '\0xxversions\0'), 'latin1')
    await client.putArtifact(name, 'kernel-bare.tar', uploadOf(bare))
    await client.sealBuild(name)
    worker.dispatcher.ring()
    await client.waitForBuild(build.id, { everyMs: 20, signal: AbortSignal.timeout(40_000) })
    const own = (await client.gate({ build: build.id, environment })).reasons.filter(
      ({ direction }) => direction === 'self',
    )
    expect(own).toMatchObject([{ code: 'load-doubtful', outcome: 'unknown', count: 2 }])
  })

  it('has no answer for a build that is not there', async () => {
    const nobody = '00000000-0000-0000-0000-000000000000'
    await expect(service.client.gate({ build: nobody, environment })).rejects.toMatchObject({
      code: 'build-unknown',
      status: 404,
    })
    await expect(service.client.decision(nobody)).rejects.toMatchObject({ code: 'decision-unknown' })
  })

  it('has examples that fit their schemas', () => {
    const options = { allowUnionTypes: true, strict: false, formats: { 'date-time': true as const } }
    const ajv = new Ajv({ ...options, schemas: [...httpSchemas] })
    const gates = [Decision, GateUse, BreakGlass, WaiverRequest, PolicySettings, Live]
    for (const schema of gates as { $id?: string; examples?: unknown[] }[]) {
      expect(schema.examples).toHaveLength(1)
      expect([schema.$id, ajv.validate(schema.$id ?? '', schema.examples?.[0]), ajv.errorsText()]).toEqual([
        schema.$id,
        true,
        'No errors',
      ])
    }
  })
})
