import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Log } from '@basedrift/jobs'
import { DirectoryBlobStore } from '@basedrift/ledger'
import { expect, it } from 'vitest'
import {
  found,
  ingesting,
  openTestLedger,
  recordDrift,
} from '../../../packages/ledger/test/support/ledger.js'
import { createAnnounceHandler } from '../src/notices/announce.js'

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }

it('a drift whose report is away for all attempts is told of with what is known', async () => {
  await using test = await openTestLedger()
  const { ledger, query } = test
  const directory = await mkdtemp(path.join(tmpdir(), 'basedrift-announce-'))
  try {
    const builds: string[] = []
    for (const release of ['1.1', '1.3']) {
      const build = await ingesting(ledger, release)
      await ledger.builds.recordIngest(found(build, { base: release }))
      builds.push(build)
    }
    const [from = '', to = ''] = builds
    await recordDrift(ledger, from, to, { class: 'reordered', headline: 'moved', counts: { moved: 3 } })
    const [waits] = await query<{ key: string }>('SELECT key FROM "Subject"')
    const subject = waits?.key ?? ''
    const { run } = createAnnounceHandler({
      ledger,
      blobs: await DirectoryBlobStore.open(directory),
      log: quiet,
      settling: { quietMs: 0, patienceMs: 0 },
      announced: () => {},
    })
    const attempt = (nth: number) =>
      run({ subject }, { attempt: nth, signal: new AbortController().signal, trace: 'test' })
    await expect(attempt(1)).rejects.toThrow(/./)
    expect((await ledger.notices.events({ limit: 10 })).items).toEqual([])
    await attempt(5)
    const { items } = await ledger.notices.events({ limit: 10 })
    expect(items).toMatchObject([{ kind: 'unreproducible', content: { moved: 3, hints: [] } }])
    expect(await ledger.notices.waiting(subject)).toBeNull()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
