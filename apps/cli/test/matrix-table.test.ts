import type { Matrix } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import { buildVerdicts } from '../src/format/build-verdicts.js'
import { matrixTable } from '../src/format/matrix-table.js'
import { plain } from '../src/output/style.js'

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const ref = (n: number, version: string, release: string) => ({ id: id(n), version, release })
type Cell = Matrix['cells'][number]
const done = (kernel: number, modules: number, counts: Cell['counts']): Cell => ({
  kernelBuild: id(kernel),
  moduleBuild: id(modules),
  state: 'done',
  counts,
  error: null,
})

const two: Matrix = {
  builds: [ref(2, '6.1.192', '2'), ref(1, '6.1.192', '1')],
  cells: [
    done(2, 2, { compatible: 1121 }),
    done(2, 1, { discarded: 754, misread: 367 }),
    done(1, 2, { misread: 367, discarded: 754 }),
    done(1, 1, { compatible: 1121 }),
  ],
  next: null,
}

describe('matrixTable', () => {
  it('shows counts per verdict, worst first', async () => {
    const table = matrixTable('Debian:bookworm/amd64/cloud', two, { style: plain, width: 80 })
    await expect(table).toMatchFileSnapshot('golden/matrix-two.txt')
  })

  it('shows what has no counts, and splits what is too wide', async () => {
    const builds = [1, 2, 3, 4, 5].map((n) => ref(n, '5.15.12', `1.${n}`))
    const cells = builds.flatMap((_, kernel) =>
      builds.flatMap((__, modules): Cell[] => {
        const [k, m] = [kernel + 1, modules + 1]
        if (k === 2 && m === 3) return []
        if (k === 3) return [{ ...done(k, m, {}), state: 'pending' }]
        if (k === 4) {
          return [
            {
              ...done(k, m, {}),
              state: 'failed',
              error: { code: 'rules-unknown', message: 'No version.', at: null },
            },
          ]
        }
        return [
          done(
            k,
            m,
            k === m
              ? { compatible: 4023, 'no-btf': 2 }
              : { rejected: 3500, misread: 523, unknown: 1, error: 1 },
          ),
        ]
      }),
    )
    const table = matrixTable(
      'openSUSE:Factory/x86_64/default',
      { builds, cells },
      { style: plain, width: 80 },
    )
    for (const line of table.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(80)
    await expect(table).toMatchFileSnapshot('golden/matrix-wide.txt')
  })

  it('says that there is nothing yet', () => {
    expect(matrixTable('a\u001b[2J', { builds: [], cells: [] }, { style: plain, width: 80 })).toBe(
      'Nothing has been compared in a\\x1b[2J yet.\n',
    )
  })
})

describe('buildVerdicts', () => {
  it('says what the arrival of a build showed', () => {
    expect(buildVerdicts({ id: id(9) }, two)).toEqual([])
    expect(buildVerdicts({ id: id(2) }, two)).toEqual([
      'Of BTF alone; what else kernels compare, `basedrift pair` shows and `basedrift gate` counts:',
      'Its modules on its own kernel: All 1,121 modules are compatible.',
      'Its modules on the kernel of 6.1.192-1: 754 of 1,121 modules lose their BTF (discarded) and 367 are misread.',
      'The modules of 6.1.192-1 on its kernel: 754 of 1,121 modules lose their BTF (discarded) and 367 are misread.',
    ])
  })
})
