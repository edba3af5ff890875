import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../../scripts/conformance.mjs', import.meta.url))
const hex = (name: string): string =>
  readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url)).toString('hex')
const folder = mkdtempSync(path.join(tmpdir(), 'basedrift-conformance-'))
afterAll(() => rmSync(folder, { recursive: true }))

function run(cases: readonly object[]): { status: number | null; out: string; err: string } {
  const text = cases.map((line) => JSON.stringify(line)).join('\n')
  writeFileSync(path.join(folder, 'own.ndjson.gz'), gzipSync(text))
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' })
  return { status, out: stdout, err: stderr }
}

const rules = { version: '6.1.192', allowBtfMismatch: true }
const header = { header: { as: 'module', running: hex('base-1.1'), rules } }
const log = ['BPF: [47] STRUCT', 'BPF: size=24 vlen=2', 'BPF: Invalid name']
const refused = {
  name: 'tea-pot',
  btf: hex('teapot-1.3'),
  results: { 5.15: { errno: 22, log: log.map((line) => line.replace(' ', '')) }, 6.1: { errno: 22, log } },
  expect: { verdict: 'rejected', errno: 22, log: [...log, 'failed to validate module [tea_pot] BTF: -22'] },
}
const accepted = {
  name: 'saucer',
  btf: hex('saucer-1.3'),
  expect: { verdict: 'accepted', errno: 0, log: [] },
}

describe('npm run conformance', () => {
  it('says that all agree', () => {
    const empty = { name: 'none', btf: '', expect: { verdict: 'no-btf', errno: 0, log: [] } }
    expect(run([header, refused, accepted, empty])).toEqual({
      status: 0,
      out: 'own: 3 passed, 0 failed\n',
      err: '',
    })
  })

  it('shows the first ten differences, of verdict, errno and log', () => {
    const wrong = { ...accepted, expect: { verdict: 'rejected', errno: 7, log: ['BPF: No'] } }
    const { status, out } = run([header, refused, ...Array.from({ length: 11 }, () => wrong)])
    expect(status).toBe(1)
    const lines = out.trimEnd().split('\n')
    expect(lines[0]).toBe('own: 1 passed, 11 failed')
    expect(lines).toHaveLength(11)
    expect(lines[1]).toMatch(
      /saucer: verdict \w+, not rejected; load: errno 0, not 7; load: log \[\], not \["BPF: No"\]/,
    )
  })

  it('wants every version column to agree', () => {
    const column = { ...refused, results: { ...refused.results, 7.3: { errno: 0, log: [] } } }
    expect(run([header, column])).toMatchObject({
      status: 1,
      out: expect.stringContaining('7.3: errno 22, not 0'),
    })
  })

  it('with the origin known, a module that binds to something else must not be compatible', () => {
    const known = { header: { ...header.header, origin: hex('base-1.3') } }
    expect(run([known, accepted]).status).toBe(0)
  })

  it('ends with 2 where nothing can be said', () => {
    writeFileSync(path.join(folder, 'cut.ndjson.gz'), gzipSync('{"header":{}}').subarray(0, 12))
    expect(run([header, accepted])).toMatchObject({
      status: 2,
      err: expect.stringContaining('cut.ndjson.gz'),
    })
    rmSync(path.join(folder, 'cut.ndjson.gz'))
    expect(spawnSync(process.execPath, [script, path.join(folder, 'nowhere')]).status).toBe(2)
    expect(spawnSync(process.execPath, [script]).status).toBe(2)
  })
})
