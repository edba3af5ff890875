import type { Explanation, Pair } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import { explanationTable, pairTable } from '../src/format/pair-table.js'
import { coloured, plain } from '../src/output/style.js'
import { discarded, manyResults, result } from './support/results.js'

const ids = {
  kernelBuild: '00000000-0000-4000-8000-000000000001',
  moduleBuild: '00000000-0000-4000-8000-000000000002',
}
const base = { sha256: 'ef'.repeat(32), types: 95246, strings: 1694074 }
const kernel: Explanation['kernel'] = {
  file: 'linux-image.deb!boot/vmlinuz',
  release: '6.1.0-55-cloud-amd64',
  banner: null,
  buildId: null,
  btfModules: true,
  fingerprints: null,
  rules: { version: '6.1.192', allowBtfMismatch: true },
  base,
}
const pair: Pair = {
  ...ids,
  builds: [
    { id: ids.kernelBuild, version: '6.1.192', release: '1' },
    { id: ids.moduleBuild, version: '6.1.192', release: '2' },
  ],
  state: 'done',
  findings: 'listed',
  engine: '0.1.0',
  counts: { discarded: 1520, misread: 523, unknown: 1, error: 1, 'no-btf': 1 },
  error: null,
  kernel,
  updatedAt: null,
  rows: manyResults() as Pair['rows'],
  next: null,
}

describe('pairTable', () => {
  it('groups many modules by verdict and reason', async () => {
    const text = pairTable(pair, { style: plain, width: 80 })
    expect(text).not.toContain('\u001b')
    for (const line of text.split('\n').slice(2)) expect(line.length).toBeLessThanOrEqual(100)
    await expect(text).toMatchFileSnapshot('golden/pair-many.txt')
  })

  it('sums up what kernels compare besides BTF, which counts of verdicts say nothing of', () => {
    const load = { vermagic: 'same', modversions: { state: 'mismatch', mismatched: ['printk'] } } as const
    const rows = Array.from({ length: 20 }, (_, n) => ({
      ...result(`driver_${n}`, 'compatible', 'same-base'),
      load,
    })) as unknown as Pair['rows']
    const text = pairTable({ ...pair, rows, counts: { compatible: 20 } }, { style: plain, width: 80 })
    expect(text).toContain(
      'All 20 modules are compatible.\nLoad    vermagic: same on 20 of 20\n        modversions: mismatch on 20 of 20\n',
    )
  })

  it('fits a terminal', () => {
    const text = pairTable(pair, { style: plain, width: 80, fit: true })
    for (const line of text.split('\n')) expect([line, line.length <= 80]).toEqual([line, true])
  })

  it('lists a few one by one, with the kernel’s log', async () => {
    const rows = [discarded('teapot'), result('saucer', 'misread', 'origin-length')] as Pair['rows']
    const few = { ...pair, rows, counts: { discarded: 1, misread: 1 } }
    await expect(pairTable(few, { style: plain, width: 80 })).toMatchFileSnapshot('golden/pair-few.txt')
    expect(pairTable(few, { style: coloured, width: 80 })).toContain('\u001b[31mdiscarded\u001b[0m')
  })

  it('says why there are no verdicts', () => {
    const pending = pairTable(
      { ...pair, state: 'pending', counts: {}, rows: [] },
      { style: plain, width: 80 },
    )
    expect(pending).toBe(
      'The modules of 6.1.192-2 on the kernel of 6.1.192-1\nThey have not been compared yet.\n',
    )
    const error = { code: 'rules-unknown', message: 'No version.', at: null }
    const failed = pairTable(
      { ...pair, state: 'failed', error, counts: {}, rows: [] },
      { style: plain, width: 80 },
    )
    expect(failed).toContain('They cannot be compared: rules-unknown: No version.\n')
  })
})

describe('explanationTable', () => {
  it('says all that is known of one module', async () => {
    const { kernelBuild, moduleBuild, builds, state, engine } = pair
    const explanation: Explanation = {
      ...{ kernelBuild, moduleBuild, builds, state, engine, findings: 'listed' as const, kernel },
      result: discarded('teapot') as Explanation['result'],
      module: {
        name: 'teapot',
        file: 'teapot.ko',
        sha256: 'ab'.repeat(32),
        vermagic: null,
        srcversion: null,
        buildId: null,
        btf: null,
      },
      origin: {
        build: builds[1]!,
        base: { ...base, sha256: '12'.repeat(32) },
        strings: 1694044,
        stream: 's',
        source: 'own',
      },
      happened: ['The kernel refuses the BTF and loads the module without it.'],
      remedy: ['Rebuild the module against this kernel.', 'Publish both together.'],
    }
    await expect(explanationTable(explanation, { style: plain, width: 80 })).toMatchFileSnapshot(
      'golden/explanation.txt',
    )
    const bare = {
      ...explanation,
      origin: { build: null, base: null, strings: null, stream: null, source: null },
      happened: [],
      remedy: [],
    }
    expect(explanationTable(bare, { style: plain, width: 80 })).toContain('Built on        not recorded\n')
  })
})
