import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Btf, type RunningBase, readBtf } from '../src/index.js'
import { printedWithClaims, programOf } from './c-claims.js'
import { CModel } from './c-model.js'
import { anyStructs } from './c-structs.js'

const gcc = spawnSync('gcc', ['--version']).status === 0
const folder = process.env.BASEDRIFT_CONFORMANCE

/** What gcc, and then the program, say of a C text and of what BTF claims of its types; empty where nothing is wrong. */
function complaints(program: string): string {
  const place = mkdtempSync(path.join(tmpdir(), 'basedrift-c-'))
  try {
    const source = path.join(place, 'types.c')
    const binary = path.join(place, 'types')
    writeFileSync(source, program, 'latin1')
    const options = { encoding: 'utf8', maxBuffer: 1 << 26 } as const
    const compiled = spawnSync('gcc', ['-w', '-O0', '-std=gnu17', source, '-o', binary], options)
    if (compiled.status !== 0) return compiled.stderr.slice(0, 4000)
    const ran = spawnSync(binary, [], options)
    return ran.status === 0 ? '' : ran.stdout || `status ${ran.status}, signal ${ran.signal}`
  } finally {
    rmSync(place, { recursive: true })
  }
}

const vector = (name: string): Btf =>
  readBtf(
    readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url)),
    name.startsWith('base') ? undefined : vector(`base-${name.split('-')[1]}`),
  )

describe.skipIf(!gcc)('gcc compiles what is printed as C, and finds what BTF says', () => {
  it.each(['base-1.1', 'teapot-1.1', 'saucer-1.3'])('of %s', (name) => {
    const { text, claims } = printedWithClaims(vector(name))
    expect(claims.offsets.length).toBeGreaterThan(5)
    expect(complaints(programOf(text, claims))).toBe('')
  })

  it('of structs and unions of any shape', () => {
    for (const btf of fc.sample(anyStructs(100, 200), 5)) {
      const { text, claims } = printedWithClaims(btf)
      expect(complaints(programOf(text, claims))).toBe('')
    }
  })

  it('and would tell if it were not so', () => {
    const { text, claims } = printedWithClaims(vector('base-1.1'))
    const [[type, bytes]] = claims.sizes as [[string, number]]
    expect(complaints(programOf(text, { ...claims, sizes: [[type, bytes + 1]] }))).toMatch(/size/)
    const [[holder, member, at]] = claims.offsets as [[string, string, number]]
    expect(complaints(programOf(text, { ...claims, offsets: [[holder, member, at + 1]] }))).toMatch(/offset/)
    const [[owner, field, bit, bits]] = claims.bitFields as [[string, string, number, number]]
    expect(complaints(programOf(text, { ...claims, bitFields: [[owner, field, bit + 1, bits]] }))).toBe(
      `${owner} ${field}\n`,
    )
  })
})

/** What is used of the reader of conformance folders. */
interface Corpus {
  baseOf(kernel: string): Promise<{ running: RunningBase }>
}
const kernels = ['6.1.0-55', '6.1.0-56', '6.12.117+deb12'].filter(
  (kernel) => folder !== undefined && existsSync(path.join(folder, 'kernels', `${kernel}.base.btf.zst`)),
)

describe.skipIf(!gcc || kernels.length === 0)('and of Debian’s kernels (BASEDRIFT_CONFORMANCE)', () => {
  const place = new URL('../../../scripts/conformance/corpus.mjs', import.meta.url).href
  it.each(kernels)('%s', async (kernel) => {
    const { Corpus } = (await import(place)) as { Corpus: new (folder: string) => Corpus }
    const { running } = await new Corpus(folder!).baseOf(`kernels/${kernel}`)
    const { text, claims } = printedWithClaims(readBtf(running.bytes))
    expect(claims.sizes.length).toBeGreaterThan(9000)
    expect(claims.offsets.length).toBeGreaterThan(50_000)
    expect(claims.bitFields.length).toBeGreaterThan(1900)
    expect(new CModel(text).differences(claims)).toEqual([])
    expect(complaints(programOf(text, claims))).toBe('')
  })
})
