import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Btf, dumpC, dumpRaw, type ModuleBtf, type RunningBase, readBtf } from '../src/index.js'

/** SHA-256 of what bpftool 7.1 printed, for the vectors here and for kernels of a conformance folder. */
interface Recorded {
  readonly own: Readonly<Record<string, string>>
  readonly corpus: Readonly<Record<string, { base: string; modules: Readonly<Record<string, string>> }>>
  /** The same, printed as C. */
  readonly c: {
    readonly own: Readonly<Record<string, string>>
    readonly bases: Readonly<Record<string, string>>
  }
}
const testdata = (name: string): URL => new URL(`../testdata/${name}`, import.meta.url)
const recorded: Recorded = JSON.parse(readFileSync(testdata('dumps.json'), 'utf8'))

function digest(btf: Btf, dump = dumpRaw): string {
  const hash = createHash('sha256')
  for (const line of dump(btf)) hash.update(line, 'latin1')
  return hash.digest('hex')
}

const own = (name: string): Btf => {
  const base = name.startsWith('base')
    ? undefined
    : readBtf(readFileSync(testdata(`base-${name.split('-')[1]}.btf`)))
  return readBtf(readFileSync(testdata(`${name}.btf`)), base)
}

describe('dumpRaw prints what bpftool prints', () => {
  it.each(Object.entries(recorded.own))('of %s', (name, sha256) => {
    expect(digest(own(name))).toBe(sha256)
  })

  it.each(Object.entries(recorded.c.own))('of %s, as C', (name, sha256) => {
    expect(digest(own(name), dumpC)).toBe(sha256)
  })

  it('keeps bytes that are no ASCII', () => {
    const bytes = new Uint8Array(readFileSync(testdata('base-1.1.btf')))
    const at = bytes.length - 2
    bytes[at] = 0xe9
    const lines = [...dumpRaw(readBtf(bytes))].join('')
    expect(lines).toContain('\xe9')
    expect(Buffer.from(lines, 'latin1').includes(0xe9)).toBe(true)
  })
})

const folder = process.env.BASEDRIFT_CONFORMANCE
/** What is used of the reader of conformance folders. */
interface Corpus {
  baseOf(kernel: string): Promise<{ running: RunningBase }>
  modulesOf(kernel: string): Promise<Map<string, ModuleBtf>>
}

const held = Object.entries(recorded.corpus).filter(
  ([kernel]) => folder !== undefined && existsSync(path.join(folder, 'kernels', `${kernel}.base.btf.zst`)),
)

describe.skipIf(held.length === 0)('on Debian’s kernels (BASEDRIFT_CONFORMANCE)', () => {
  const place = new URL('../../../scripts/conformance/corpus.mjs', import.meta.url).href
  it.each(held)('%s', async (kernel, { base, modules }) => {
    const { Corpus } = (await import(place)) as { Corpus: new (folder: string) => Corpus }
    const corpus = new Corpus(folder!)
    const { running } = await corpus.baseOf(`kernels/${kernel}`)
    expect(digest(readBtf(running.bytes))).toBe(base)
    const asC = recorded.c.bases[kernel]
    if (asC !== undefined) expect(digest(readBtf(running.bytes), dumpC)).toBe(asC)
    if (Object.keys(modules).length === 0) return
    const members = await corpus.modulesOf(`kernels/${kernel}`)
    const own = readBtf(running.bytes)
    for (const [name, sha256] of Object.entries(modules)) {
      expect([name, digest(readBtf(members.get(name)!.btf!, own))]).toEqual([name, sha256])
    }
  })
})
