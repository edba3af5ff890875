import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync } from 'node:zlib'
import { CheckPool, decodeRows } from '@basedrift/check'
import { artifactKindOf, isNotice } from '@basedrift/contract'
import { createPostgresQueue, type QueueBackend } from '@basedrift/jobs'
import { type BlobStore, type BuildRow, DirectoryBlobStore, type Ledger, openLedger } from '@basedrift/ledger'
import { startWorker, type Worker } from '@basedrift/worker/main'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { writeDeb, writeTar } from '../../packages/artifacts/test/support/archives.js'
import { quiet } from '../../packages/jobs/test/backends.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'

const testdata = path.resolve(import.meta.dirname, '../../packages/btf/testdata')
const vector = (name: string) => readFile(path.join(testdata, name))

let pool: CheckPool
beforeAll(() => {
  pool = new CheckPool({ threads: 2 })
})
afterAll(() => pool?.close())

let database: TestDatabase
let ledger: Ledger
let blobs: BlobStore
let queue: QueueBackend
let worker: Worker
let stream: string
let dataDir: string
/** Drifts that are begun and never end: those of a worker that is killed with them. */
let heldDrifts: number
/** How often the pool was asked for what. */
let asked: { scan: number; compare: number }
/** Thrown by the blob store, once for each. */
let broken: Error[]

beforeEach(async () => {
  stream = `kettle/${randomUUID()}`
  asked = { scan: 0, compare: 0 }
  broken = []
  heldDrifts = 0
  database = await createTestDatabase()
  dataDir = await mkdtemp(path.join(tmpdir(), 'basedrift-worker-'))
  blobs = await DirectoryBlobStore.open(path.join(dataDir, 'blobs'))
  ledger = await openLedger({ databaseUrl: database.url, log: quiet })
  queue = await createPostgresQueue({ databaseUrl: database.url, log: quiet, name: `worker-${randomUUID()}` })
  const faulty: BlobStore = Object.assign(Object.create(blobs) as BlobStore, {
    putFile: async (...args: Parameters<BlobStore['putFile']>) => {
      const error = broken.shift()
      if (error !== undefined) throw error
      return blobs.putFile(...args)
    },
  })
  worker = await startWorker({
    ledger,
    blobs: faulty,
    queue,
    pool: {
      scan: (...args) => {
        asked.scan++
        return pool.scan(...args)
      },
      fit: (...args) => pool.fit(...args),
      fingerprint: (...args) => pool.fingerprint(...args),
      drift: (job, options) => {
        if (heldDrifts-- <= 0) return pool.drift(job, options)
        const signal = options?.signal
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      },
      compare: (...args) => {
        asked.compare++
        return pool.compare(...args)
      },
    },
    log: quiet,
    dataDir,
    settling: { quietMs: 0 },
  })
})
afterEach(async () => {
  await worker.stop(0)
  await queue.close()
  await ledger.close()
  await blobs.close()
  await database[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

interface Declared {
  version?: string
  release: string
  builtFor?: string
  artifacts: Record<string, Uint8Array>
}

/** Declares, uploads and seals as the API does; gives the build once it has ended. */
async function push({ version = '6.1.0', release, builtFor, artifacts }: Declared): Promise<BuildRow> {
  const { build } = await ledger.builds.declare({
    stream,
    version,
    release,
    provenance: {},
    builtFor: builtFor ?? null,
  })
  for (const [filename, bytes] of Object.entries(artifacts)) {
    const chunks = (async function* () {
      yield bytes
    })()
    const { sha256, size } = await blobs.put(chunks, { maxBytes: bytes.length })
    const kind = artifactKindOf(filename)
    await ledger.artifacts.add({ buildId: build.id, filename, kind, sha256, size })
  }
  await ledger.builds.seal(build.id)
  worker.dispatcher.ring()
  return ended(build.id)
}

function ended(id: string): Promise<BuildRow> {
  return vi.waitFor(
    async () => {
      const build = await ledger.builds.get(id)
      expect(['done', 'failed']).toContain(build?.state)
      return build as BuildRow
    },
    { timeout: 30_000, interval: 20 },
  )
}

async function kernelAndModules(build: '1.1' | '1.3'): Promise<Record<string, Uint8Array>> {
  const at = '/lib/modules/6.1.0/kernel'
  return {
    'kernel.deb': writeDeb(
      writeTar([
        { path: `.${at}/saucer.ko`, data: await vector(`saucer-${build}.ko`) },
        { path: `.${at}/teapot.ko`, data: await vector(`teapot-${build}.ko`) },
      ]),
    ),
    [`vmlinux-${build}`]: await vector(`vmlinux-${build}`),
  }
}

/** The matrix by releases: `counts[kernel][modules]`. */
async function matrix(): Promise<Record<string, Record<string, unknown>>> {
  const { cells } = await ledger.pairs.matrix({ stream, limit: 100 })
  const table: Record<string, Record<string, unknown>> = {}
  for (const { kernelBuild, moduleBuild, state, counts, error } of cells) {
    table[kernelBuild.release] ??= {}
    const row = table[kernelBuild.release] as Record<string, unknown>
    row[moduleBuild.release] = state === 'done' ? counts : { state, code: error?.code }
  }
  return table
}

describe('the worker', () => {
  it('compares two builds of a kernel in both directions, and says why a module is refused', async () => {
    const first = await push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    const second = await push({ release: '1.3', artifacts: await kernelAndModules('1.3') })
    expect([first.state, second.state]).toEqual(['done', 'done'])
    expect(second.artifacts.map(({ state }) => state)).toEqual(['ingested', 'ingested'])
    expect(second.modules?.count).toBe(2)
    expect(await matrix()).toEqual({
      '1.1': { '1.1': { compatible: 2 }, '1.3': { rejected: 1, misread: 1 } },
      '1.3': { '1.1': { rejected: 1, misread: 1 }, '1.3': { compatible: 2 } },
    })

    const pair = await ledger.pairs.get(first.id, second.id)
    const manifest = await ledger.moduleSets.manifest(second.modules?.setId as string)
    const rows = decodeRows(pair?.comparison?.rows as Uint8Array, manifest)
    expect(rows.find(({ name }) => name === 'teapot')).toMatchObject({
      verdict: 'rejected',
      errno: 22,
      log: expect.arrayContaining(['failed to validate module [teapot] BTF: -22']),
    })
  })

  it('does no work again for content that it knows', async () => {
    await push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    expect(asked).toEqual({ scan: 1, compare: 1 })
    await push({ release: '1.1.again', artifacts: await kernelAndModules('1.1') })
    expect(asked).toEqual({ scan: 2, compare: 1 })
    const counts = { compatible: 2 }
    expect(await matrix()).toEqual({
      '1.1': { '1.1': counts, '1.1.again': counts },
      '1.1.again': { '1.1': counts, '1.1.again': counts },
    })
  })

  it('finds the origin base of modules that come later through `builtFor`', async () => {
    const kernel = { 'vmlinux-1.1': await vector('vmlinux-1.1') }
    await push({ release: '1.1', artifacts: kernel })
    const modules = { 'teapot.ko': await vector('teapot-1.1.ko') }
    await push({ version: '0.1', release: 'kmp', builtFor: '6.1.0-1.1', artifacts: modules })
    const kmp = await ledger.builds.find(stream, '0.1', 'kmp')
    expect(kmp).toMatchObject({ origin: { source: 'stated' }, problems: [] })
    expect((await matrix())['1.1']).toEqual({ kmp: { compatible: 1 } })
  })

  it('fingerprints the first kernel of a stream, which has no neighbour yet', async () => {
    const { id } = await push({ release: '1.1', artifacts: { vmlinux: await vector('vmlinux-1.1') } })
    const recorded = await vi.waitFor(
      async () => {
        const base = (await ledger.builds.get(id))?.kernel?.base
        expect(base?.layout).toEqual(expect.any(String))
        return base
      },
      { timeout: 30_000, interval: 20 },
    )
    const basePath = path.join(dataDir, 'again.btf')
    await writeFile(basePath, await buffer(await blobs.read(recorded?.sha256 as string)))
    const baseSha256 = recorded?.sha256 ?? ''
    const { layout, meaning } = await pool.fingerprint({ name: 'again', baseSha256, basePath })
    expect(recorded).toMatchObject({ layout, meaning })
  })

  it('says what drifted between neighbours in the order of declaration, also where one comes late', async () => {
    const kernel = async (build: '1.1' | '1.3') => ({
      [`vmlinux-${build}`]: await vector(`vmlinux-${build}`),
    })
    const declared = await ledger.builds.declare({
      stream,
      version: '6.1.0',
      release: '1.2',
      provenance: {},
      builtFor: null,
    })
    expect(declared.outcome).toBe('created')
    const third = await push({ release: '1.3', artifacts: await kernel('1.3') })
    const fourth = await push({ release: '1.4', artifacts: await kernelAndModules('1.1') })
    const done = (count: number) =>
      vi.waitFor(
        async () => {
          const { items } = await ledger.drifts.list({ stream, limit: 10 })
          expect(items.map(({ state }) => state)).toEqual(Array(count).fill('done'))
          return items
        },
        { timeout: 30_000, interval: 20 },
      )
    const [drift] = await done(1)
    expect(drift).toMatchObject({
      from: { id: third.id },
      to: { id: fourth.id },
      neighbours: true,
      class: expect.stringMatching(/^(layout|additive|functions-only)$/),
      counts: { added: expect.any(Number), moved: expect.any(Number) },
      oldOnNew: null,
      newOnOld: { state: 'done', counts: { misread: 1, rejected: 1 } },
    })
    const text: Buffer[] = []
    for await (const chunk of await blobs.read(drift?.reportSha256 as string)) text.push(chunk as Buffer)
    const report = JSON.parse(brotliDecompressSync(Buffer.concat(text)).toString())
    expect(report).toMatchObject({ class: drift?.class, headline: drift?.headline, a: { file: '6.1.0-1.3' } })
    const { kernel: facts } = (await ledger.builds.get(fourth.id)) as BuildRow
    expect(facts?.base).toMatchObject(
      Object.fromEntries(['layout', 'meaning'].map((of) => [of, report.b.base.fingerprints[of]])),
    )

    const second = await push({ release: '1.2', artifacts: await kernel('1.1') })
    const between = await done(2)
    expect(between.map(({ from, to }) => [from.id, to.id])).toEqual([
      [third.id, fourth.id],
      [second.id, third.id],
    ])
    const fifth = await push({ release: '1.5', artifacts: await kernel('1.1') })
    const [last] = await done(3)
    expect(last).toMatchObject({ from: { id: fourth.id }, to: { id: fifth.id }, class: 'none' })
  })

  it('tells of a drift once, when all is compared, with its blast radius both ways, and of none where nothing drifted', async () => {
    const first = await push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    const second = await push({ release: '1.3', artifacts: await kernelAndModules('1.3') })
    const third = await push({ release: '1.4', artifacts: await kernelAndModules('1.3') })
    const drifts = await vi.waitFor(
      async () => {
        const { items } = await ledger.drifts.list({ stream, limit: 10 })
        expect(items.map(({ state }) => state)).toEqual(['done', 'done'])
        for (const { id } of items) {
          expect((await ledger.tasks.get(`announce:drift:${id}`))?.state).toBe('done')
          expect(await ledger.notices.waiting(`drift:${id}`)).toBeNull()
        }
        return items
      },
      { timeout: 30_000, interval: 20 },
    )
    expect(drifts[0]).toMatchObject({ class: 'none', from: { id: second.id }, to: { id: third.id } })
    const { items: events } = await ledger.notices.events({ stream, limit: 10 })
    expect(events).toMatchObject([
      {
        kind: 'drift',
        severity: 'warning',
        subject: `drift:${drifts[1]?.id}`,
        content: {
          from: { id: first.id },
          to: { id: second.id },
          class: drifts[1]?.class,
          newOnOld: { total: 2, counts: drifts[1]?.newOnOld?.counts },
          oldOnNew: { total: 2, counts: drifts[1]?.oldOnNew?.counts },
          modversions: { match: 0, mismatch: 0, unknown: 4 },
          remedy: 'rebuild-or-hold',
        },
      },
    ])
    expect(events.every(({ content }) => isNotice(content))).toBe(true)
  })

  it.each(['before', 'after'])(
    'computes a drift once, though its worker was killed %s it recorded it',
    async (when) => {
      const first = await push({ release: '1.1', artifacts: { 'vmlinux-1.1': await vector('vmlinux-1.1') } })
      if (when === 'before') heldDrifts = 1
      const second = await push({ release: '1.3', artifacts: { 'vmlinux-1.3': await vector('vmlinux-1.3') } })
      const task = `drift:${first.id}:${second.id}`
      const state = (wanted: string) =>
        vi.waitFor(async () => expect((await ledger.tasks.get(task))?.state).toBe(wanted), {
          timeout: 30_000,
          interval: 20,
        })
      const drift = async () => (await ledger.drifts.list({ stream, limit: 10 })).items[0]
      await state(when === 'before' ? 'leased' : 'done')
      const early = await drift()
      expect(early?.state).toBe(when === 'before' ? 'pending' : 'done')
      // What a worker that is killed leaves behind: a lease that nobody extends.
      await database.query(
        `UPDATE "Task" SET state = 'leased', "leaseOwner" = 'killed', "leaseUntil" = now() - interval '1 second' WHERE id = $1`,
        [task],
      )
      await ledger.tasks.ring([task])
      worker.dispatcher.ring()
      await state('done')
      const late = await drift()
      expect(late).toMatchObject({ state: 'done', class: expect.any(String) })
      if (when === 'after') expect(late).toEqual(early)
      expect(await database.query('SELECT id FROM "Drift"')).toHaveLength(1)
    },
  )

  it('finds the base that stray modules fit, also when its kernel comes later, and decides nothing by it', async () => {
    const modules = { 'teapot.ko': await vector('teapot-1.1.ko') }
    const stray = await push({ version: '0.2', release: 'stray', artifacts: modules })
    expect(stray.origin).toBeNull()
    const other = await push({ release: '1.3', artifacts: await kernelAndModules('1.3') })
    expect(await matrix()).toMatchObject({ '1.3': { stray: { rejected: 1 } } })

    const kernel = await push({ release: '1.1', artifacts: { 'vmlinux-1.1': await vector('vmlinux-1.1') } })
    await vi.waitFor(
      async () => {
        const build = await ledger.builds.get(stray.id)
        expect(build?.origin).toMatchObject({ base: { sha256: kernel.kernel?.base.sha256 }, source: 'found' })
      },
      { timeout: 30_000, interval: 20 },
    )
    for (const { id } of [other, kernel])
      expect((await ledger.pairs.get(id, stray.id))?.comparison?.originSha256).toBeNull()
    expect(await matrix()).toMatchObject({
      '1.3': { stray: { rejected: 1 } },
      '1.1': { stray: { unknown: 1 } },
    })
  })

  it('takes no base for the origin that the modules contradict, and tells who says so', async () => {
    const at = './lib/modules/6.1.0/kernel'
    const deb = (build: string, name: string) =>
      vector(`${name}-${build}.ko`).then((data) => ({ path: `${at}/${name}.ko`, data }))
    const wrong = writeDeb(writeTar([await deb('1.1', 'saucer'), await deb('1.1', 'teapot')]))
    const build = await push({
      release: '1.3',
      artifacts: { 'kernel.deb': wrong, 'vmlinux-1.3': await vector('vmlinux-1.3') },
    })
    expect(build.origin).toBeNull()
    expect(build.problems).toMatchObject([
      { code: 'origin-contradicted', file: 'kernel.deb!lib/modules/6.1.0/kernel/saucer.ko' },
    ])
    expect(await matrix()).toEqual({ '1.3': { '1.3': { rejected: 1, misread: 1 } } })

    const kernel = await push({ release: '1.1', artifacts: { 'vmlinux-1.1': await vector('vmlinux-1.1') } })
    await vi.waitFor(async () => expect((await matrix())['1.1']).toEqual({ '1.3': { unknown: 2 } }), {
      timeout: 30_000,
      interval: 20,
    })
    await vi.waitFor(
      async () =>
        expect(await ledger.builds.get(build.id)).toMatchObject({
          origin: { base: { sha256: kernel.kernel?.base.sha256 }, source: 'found' },
          problems: [{ code: 'origin-contradicted' }],
        }),
      { timeout: 30_000, interval: 20 },
    )
  })

  it('keeps what can be used of a build when one artifact cannot', async () => {
    const artifacts = await kernelAndModules('1.1')
    const whole = artifacts['kernel.deb'] as Uint8Array
    const build = await push({
      release: '1.1',
      artifacts: {
        ...artifacts,
        'broken.deb': whole.subarray(0, whole.length >> 1),
        'notes.txt': Buffer.from('hello'),
      },
    })
    expect(build.state).toBe('done')
    const states = Object.fromEntries(build.artifacts.map(({ filename, state }) => [filename, state]))
    expect(states).toEqual({
      'broken.deb': 'failed',
      'kernel.deb': 'ingested',
      'notes.txt': 'failed',
      'vmlinux-1.1': 'ingested',
    })
    const broken = build.artifacts.find(({ filename }) => filename === 'broken.deb')
    expect(broken?.problems.map(({ code }) => code)).toContain('archive-truncated')
    expect(build.modules?.count).toBeGreaterThanOrEqual(2)
  })

  it('fails a build in which there is nothing', async () => {
    const build = await push({ release: '1', artifacts: { 'notes.txt': Buffer.from('hello') } })
    expect(build).toMatchObject({ state: 'failed', failure: { code: 'build-empty' } })
    expect(build.artifacts[0]?.problems[0]).toMatchObject({ code: 'format-unknown', file: 'notes.txt' })
  })

  it('fails a build with two kernels', async () => {
    const artifacts = { a: await vector('vmlinux-1.1'), b: await vector('vmlinux-1.3') }
    const build = await push({ release: '1', artifacts })
    expect(build).toMatchObject({ state: 'failed', failure: { code: 'kernel-ambiguous' } })
    expect(await matrix()).toEqual({})
  })

  it('knows a kernel that does not look at the BTF of modules by its config, from another artifact than the kernel', async () => {
    await push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    const config =
      '# Linux/x86 5.15.12 Kernel Configuration\nCONFIG_MODULES=y\n# CONFIG_DEBUG_INFO_BTF_MODULES is not set\n'
    const artifacts = { ...(await kernelAndModules('1.3')), config: Buffer.from(config) }
    const build = await push({ release: '1.3', artifacts })
    expect(build.kernel).toMatchObject({ btfModules: false, rules: { version: '5.15.12' } })
    expect(await matrix()).toEqual({
      '1.1': { '1.1': { compatible: 2 }, '1.3': { rejected: 1, misread: 1 } },
      '1.3': { '1.1': { 'no-btf': 2 }, '1.3': { 'no-btf': 2 } },
    })
  })

  it('takes what a build log says of the tools, and tells what evidence contradicts', async () => {
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'kernel.deb', digest: { sha256: 'f'.repeat(64) } }],
    }
    const config =
      '# Linux/x86 5.15.12 Kernel Configuration\nCONFIG_DEBUG_INFO_BTF_MODULES=y\nCONFIG_PAHOLE_VERSION=125\n'
    const build = await push({
      release: '1.1',
      artifacts: {
        ...(await kernelAndModules('1.1')),
        config: Buffer.from(config),
        'build.log': Buffer.from(
          'CONFIG_CC_VERSION_TEXT="gcc (GCC) 13.2.0"\nSetting up pahole (1.24-1) ...\n',
        ),
        'provenance.json': Buffer.from(JSON.stringify(statement)),
      },
    })
    expect(build).toMatchObject({ state: 'done', kernel: { compiler: 'gcc (GCC) 13.2.0', pahole: '125' } })
    const evidence = build.artifacts.filter(({ kind }) => kind !== 'package')
    expect(evidence.map(({ kind, state, problems }) => [kind, state, problems[0]?.code])).toEqual([
      ['log', 'ingested', 'log-contradicts'],
      ['config', 'ingested', undefined],
      ['provenance', 'ingested', 'provenance-contradicts'],
    ])
  })

  it('guesses no rules for a kernel whose version it does not know', async () => {
    const build = await push({
      release: '1.1',
      artifacts: { 'vmlinux.btf': await vector('base-1.1.btf'), 'teapot.ko': await vector('teapot-1.1.ko') },
    })
    expect(build.kernel?.rules).toBeNull()
    expect(build.state).toBe('done')
    expect(await matrix()).toEqual({ '1.1': { '1.1': { state: 'failed', code: 'rules-unknown' } } })
  })

  it('tries again when the disk is full, and ends with the same verdicts', async () => {
    broken.push(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }))
    const build = await push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    expect(build.state).toBe('done')
    expect(await matrix()).toEqual({ '1.1': { '1.1': { compatible: 2 } } })
    expect((await ledger.tasks.get(`ingest:${build.id}`))?.attempt).toBe(2)
  })

  it('leaves no temporary file', async () => {
    await push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    const [own, ...others] = await readdir(path.join(dataDir, 'tmp'))
    expect(others).toEqual([])
    const files = await readdir(path.join(dataDir, 'tmp', own as string))
    expect(files).toEqual([])
  })
})
