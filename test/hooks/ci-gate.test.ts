import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { CheckPool } from '@basedrift/check'
import { type GateReasonCode, gateReasonCodes, mayBecomeKnown } from '@basedrift/contract'
import { createPostgresQueue, type QueueBackend } from '@basedrift/jobs'
import { startWorker, type Worker } from '@basedrift/worker/main'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { smallBuilds } from '../../scripts/lib/small-builds.mjs'
import { newName, startTestService, type TestService } from '../e2e/support/service.js'
import { hasCiCommands } from './support/commands.js'

const run = promisify(execFile)
const script = path.resolve(import.meta.dirname, '../../scripts/hooks/ci/basedrift-ci')
const there = await hasCiCommands()
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

it('knows the reasons that no waiting changes', async () => {
  const [, list = ''] = /select\(IN\(([^)]*)\)\)\] \|\n *unique/.exec(await readFile(script, 'utf8')) ?? []
  const codes = Object.keys(gateReasonCodes) as GateReasonCode[]
  const lasting = codes.filter(
    (code) => gateReasonCodes[code].outcome === 'unknown' && !mayBecomeKnown('unknown', [{ code }]),
  )
  expect(JSON.parse(`[${list}]`)).toEqual(lasting.sort())
})

describe.skipIf(!there)('the script for any CI, with a gate that looks at what is live', () => {
  const { stream } = newName()
  const environment = 'production'
  let service: TestService
  let queue: QueueBackend
  let pool: CheckPool
  let worker: Worker
  let folder: string
  let token: string
  let builds: { release: string; files: string[] }[]

  beforeAll(async () => {
    service = await startTestService({ limits: { gatePollMs: 20 }, ring: () => worker?.dispatcher.ring() })
    folder = await mkdtemp(path.join(tmpdir(), 'basedrift-ci-gate-'))
    queue = await createPostgresQueue({ databaseUrl: service.database.url, log: quiet, name: 'ci' })
    pool = new CheckPool({ threads: 1 })
    const { ledger, blobs } = service
    worker = await startWorker({ ledger, blobs, queue, pool, log: quiet, dataDir: folder })
    builds = await smallBuilds(path.join(folder, 'builds'))
    token = await service.newToken(['ingest'], [stream])
  })
  afterAll(async () => {
    await worker?.stop(0)
    await pool?.close()
    await queue?.close()
    await service?.[Symbol.asyncDispose]()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  const publish = (build: string, files: string[]) =>
    run(script, files, {
      env: {
        PATH: process.env.PATH,
        BASEDRIFT_URL: service.url,
        BASEDRIFT_TOKEN: token,
        BASEDRIFT_STREAM: stream,
        BASEDRIFT_BUILD: build,
        BASEDRIFT_ENVIRONMENT: environment,
        BASEDRIFT_WAIT: '40s',
      },
    }).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    )

  it('passes what fits, and says of what does not which live build, where to look and what to do', async () => {
    const unknown = await publish('5.15.12-1.1', builds[0]?.files ?? [])
    expect(unknown).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(
        /\nunknown: environment-unknown: .*\n(?: {2}.*\n)* {2}.*basedrift live enter[\s\S]*\nnot waited for: no waiting changes environment-unknown\n/,
      ),
    })
    const id = /builds\/([0-9a-f-]{36})/.exec(unknown.stdout)?.[1] ?? ''
    await service.client.enterLive(environment, id)
    expect(await publish('5.15.12-1.1', builds[0]?.files ?? [])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /\ncompared: 1 pair, 2 modules on kernels\nnothing that is live was compared with it\ndecision: [0-9a-f-]{36}, no policy\ngate for production: pass\n$/,
      ),
    })
    const { code, stdout } = await publish('5.15.12-1.3', builds[1]?.files ?? [])
    expect(code).toBe(1)
    expect(stdout).toMatch(/\ngate for production: fail\n$/)
    const [, names = '', advice = '', link = ''] =
      /\nfail: 1 module of 5.15.12-1.3 rejected on the live kernel 5.15.12-1.1\n {2}the kernel refuses the module\n {2}(.*)\n {2}(.*)\n {2}basedrift pair --stream \S+ '5.15.12-1.1' '5.15.12-1.3' --verdict rejected\n {2}see (\S+) \(with a token\)\n/.exec(
        stdout,
      ) ?? []
    expect(names).toMatch(/^(saucer|teapot)$/)
    expect(advice).toMatch(/\S+ \S+/)
    expect((await service.fetch(link)).status).toBe(200)
  })

  it('says what is wrong with artifacts, and does not pass a build that provenance says is another', async () => {
    const [file = ''] = builds[0]?.files ?? []
    const provenance = path.join(folder, 'provenance.json')
    const subject = [{ name: path.basename(file), digest: { sha256: '0'.repeat(64) } }]
    await writeFile(provenance, JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject }))
    const { code, stdout } = await publish('5.15.12-1.9', [...(builds[0]?.files ?? []), provenance])
    expect([code, stdout]).toEqual([
      3,
      expect.stringMatching(/^problem: provenance\.json: provenance-contradicts: It says /m),
    ])
    expect(stdout).toMatch(
      /^unknown: artifact-contradicts: .*\n {2}provenance\.json: provenance-contradicts: .*\n.*build withdraw/m,
    )
  })
})
