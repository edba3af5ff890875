import type { Build } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import { buildsTable, buildTable } from '../src/format/builds-table.js'
import { plain } from '../src/output/style.js'

const time = '2026-05-01T12:34:56.000Z'
const build: Build = {
  id: '00000000-0000-4000-8000-000000000001',
  stream: 'openSUSE:Factory/x86_64/default',
  version: '5.15.12',
  release: '1.3',
  state: 'done',
  builtFor: null,
  kernel: {
    file: 'kernel.rpm!boot/vmlinuz',
    release: '5.15.12-1-default',
    banner: null,
    buildId: null,
    btfModules: true,
    fingerprints: null,
    rules: { version: '5.15.12', allowBtfMismatch: null },
    base: { sha256: 'ef'.repeat(32), types: 103110, strings: 1694074 },
  },
  modules: { count: 4023, set: 'ab'.repeat(32) },
  origin: { base: { sha256: '12'.repeat(32), types: 103008, strings: 1694044 }, source: 'found' },
  failure: null,
  createdAt: time,
  sealedAt: time,
  finishedAt: time,
  withdrawal: null,
  provenance: { obs: { project: 'openSUSE:Factory', bcnt: 3 } },
  artifacts: [
    {
      kind: 'package',
      filename: 'kernel-default-5.15.12-1.3.x86_64.rpm',
      sha256: 'cd'.repeat(32),
      size: 70_123_456,
      state: 'failed',
      problems: Array.from({ length: 7 }, (_, index) => ({
        code: 'elf-truncated',
        file: `kernel.rpm!m${index}\u001b[2J.ko`,
        at: null,
        message: 'The file ends early.',
      })),
      createdAt: time,
    },
  ],
  problems: [
    {
      code: 'origin-contradicted',
      file: 'kernel.rpm!m0\u001b[2J.ko',
      at: null,
      message: 'It was not built on the kernel in the build.',
    },
  ],
  progress: { pairs: 3, done: 2, failed: 1 },
  refusals: [
    {
      id: '00000000-0000-4000-8000-000000000002',
      code: 'build-differs',
      filename: 'a.rpm',
      recorded: { sha256: 'cd'.repeat(32), size: 1 },
      given: { sha256: '34'.repeat(32), size: 1 },
      by: 'obs\u001b[2J',
      createdAt: time,
      times: 3,
      lastAt: time,
      heldBy: null,
      acknowledgement: null,
    },
    {
      id: '00000000-0000-4000-8000-000000000003',
      code: 'build-differs',
      filename: null,
      recorded: { provenance: { obs: { bcnt: 1, project: 'openSUSE:Factory' } }, builtFor: null },
      given: { provenance: { obs: { project: 'home:a\u001b[2J' } }, builtFor: '5.15.12-1.1' },
      by: null,
      createdAt: time,
      times: 1,
      lastAt: time,
      heldBy: null,
      acknowledgement: { by: 'anna', at: time, reason: 'the same sources' },
    },
    {
      id: '00000000-0000-4000-8000-000000000004',
      code: 'after-seal',
      filename: 'extra.rpm',
      recorded: {},
      given: { sha256: '56'.repeat(32), size: 1 },
      by: 'obs',
      createdAt: time,
      times: 1,
      lastAt: time,
      heldBy: '5.15.12-1.3.extra',
      acknowledgement: null,
    },
  ],
}

describe('builds for people', () => {
  it('lists builds', async () => {
    const bare: Build = {
      ...build,
      version: '6.1.192',
      release: '2',
      state: 'open',
      kernel: null,
      modules: null,
    }
    const withdrawn: Build = { ...bare, withdrawal: { by: 'anna', at: time, reason: 'the wrong file' } }
    expect(buildTable(withdrawn, { style: plain, width: 100 })).toContain(
      'Withdrawn 2026-05-01 12:34 UTC by anna: the wrong file\n          state until then: open\n',
    )
    await expect(buildsTable([build, bare, withdrawn], { style: plain, width: 100 })).toMatchFileSnapshot(
      'golden/builds.txt',
    )
    expect(buildsTable([], { style: plain, width: 100 })).toBe(
      'There are no builds that this token may see and that fit what was asked for.\n',
    )
  })

  it('leaves out the id before what one looks for, where there is no room', () => {
    const lines = buildsTable([build], { style: plain, width: 80, fit: true }).split('\n')
    expect(lines[1]).toMatch(/^openSUSE:Fac\S* +5\.15\.12-1\.3 +done +5\.15\.12-1-default +4,023$/)
    expect(lines[3]).toBe('Not shown for want of room: declared (UTC), id. --format json has all.')
  })

  it('shows one with what could not be used', async () => {
    const text = buildTable(build, { style: plain, width: 100 })
    expect(text).not.toContain('\u001b')
    await expect(text).toMatchFileSnapshot('golden/build.txt')
  })

  it('shows the first of very many differences of another declaration', () => {
    const [, declared] = build.refusals
    const keys = Object.fromEntries(Array.from({ length: 9 }, (_, nth) => [`k${nth}`, 'x'.repeat(500)]))
    const refusals = [
      { ...(declared as Build['refusals'][number]), recorded: {}, given: { provenance: keys } },
    ]
    const lines = buildTable({ ...build, refusals }, { style: plain, width: 100 }).split('\n')
    expect(lines).toContain('          and 4 more differences: --format json')
    const differing = lines.filter((line) => line.includes(' is recorded'))
    expect([differing.length, Math.max(...differing.map((line) => line.length)) <= 100]).toEqual([5, true])
  })

  it('shows one that failed', () => {
    const failed: Build = {
      ...build,
      state: 'failed',
      failure: { code: 'build-empty', message: 'Nothing usable.', at: null },
    }
    expect(buildTable(failed, { style: plain, width: 100 })).toContain(
      'Failed    build-empty: Nothing usable.\n',
    )
  })
})
