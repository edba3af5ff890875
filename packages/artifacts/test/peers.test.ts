import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpioMembers } from '../src/container/cpio.js'
import { readRpm } from '../src/container/rpm.js'
import { limits, noTools } from '../src/index.js'
import { ByteReader } from '../src/source/reader.js'
import { factsOf } from './support/artifacts.js'
import { streamOf, waysToDecode } from './support/bytes.js'

const root = process.env.BASEDRIFT_FIXTURES
const folders = ['go-rpmutils', 'rpm-rs'].map((name) => join(root ?? '', name))
const there = root !== undefined && folders.every((folder) => existsSync(folder))
if (!there)
  console.log('left out: RPM and cpio files of other projects (set BASEDRIFT_FIXTURES to their folder)')

const files = there
  ? folders.flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
  : []
const rpms = files.filter((file) => file.endsWith('.rpm'))
const unsupported = /\/v6\/|lzdio|bzdio/
const ways = await waysToDecode()

describe.skipIf(!there).each(ways)('files of other projects, with %s', (_name, tools) => {
  it('RPMs of format 4 are read to their end, payload digest and all', async () => {
    const readable = rpms.filter((file) => !unsupported.test(file))
    expect(readable.length).toBeGreaterThan(10)
    let members = 0
    for (const file of readable) {
      const reader = new ByteReader(streamOf(new Uint8Array(readFileSync(file))))
      const paths = readRpm(reader, limits, { limits, tools }, async function* (cpio, listed) {
        for await (const member of cpioMembers(cpio, limits, listed)) yield member.path
      })
      for await (const path of paths) {
        expect(path).not.toBe('')
        members++
      }
    }
    expect(members).toBeGreaterThan(10)
  })

  it('the others are coded problems', async () => {
    const others = rpms.filter((file) => unsupported.test(file))
    expect(others.length).toBeGreaterThan(10)
    for (const path of others) {
      const all = await factsOf({ path }, { tools })
      expect(all.map((facts) => facts.type === 'problem' && facts.code)).toEqual([
        path.includes('/v6/') ? 'format-unsupported' : 'compression-unsupported',
      ])
    }
  })
})

describe.skipIf(!there)('cpio files of another project', () => {
  it.each([
    ['foo.cpio', null],
    ['dotdot.cpio', null],
    ['stripped.cpio', 'archive-malformed'],
  ])('%s', async (name, code) => {
    const bytes = new Uint8Array(readFileSync(join(folders[0]!, name)))
    const paths: string[] = []
    let failure: unknown = null
    try {
      for await (const member of cpioMembers(new ByteReader(streamOf(bytes, 9)), limits))
        paths.push(member.path)
    } catch (error) {
      failure = (error as { code?: string }).code
    }
    expect(failure).toBe(code)
    if (code === null) expect(paths.length).toBeGreaterThan(0)
    const all = await factsOf({ path: join(folders[0]!, name) }, { tools: noTools })
    expect(all.every(({ type }) => type === 'problem')).toBe(true)
  })
})
