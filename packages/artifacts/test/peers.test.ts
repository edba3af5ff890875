import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpioMembers } from '../src/container/cpio.js'
import { readRpm } from '../src/container/rpm.js'
import { limits, noTools, type Tools } from '../src/index.js'
import { ByteReader } from '../src/source/reader.js'
import { factsOf, scanBytes } from './support/artifacts.js'
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
const ways = await waysToDecode()

/** Paths and sizes of the regular files of an RPM that is read to its end. */
async function members(file: string, tools: Tools): Promise<string[]> {
  const reader = new ByteReader(streamOf(new Uint8Array(readFileSync(file))))
  const found: string[] = []
  const paths = readRpm(reader, limits, { limits, tools }, async function* (cpio, listed) {
    for await (const member of cpioMembers(cpio, limits, listed))
      yield 'unread' in member ? `${member.unread} 0` : `${member.path} ${member.size}`
  })
  for await (const path of paths) found.push(path)
  return found
}

describe.skipIf(!there).each(ways)('files of other projects, with %s', (_name, tools) => {
  it('RPMs of both formats and every compression are read to their end, digests and all', async () => {
    expect(rpms.length).toBeGreaterThan(25)
    expect(rpms.filter((file) => file.includes('/v6/')).length).toBeGreaterThan(10)
    const all = await Promise.all(rpms.map((file) => members(file, tools)))
    expect(all.flat().length).toBeGreaterThan(50)
    for (const path of all.flat()) expect(path).toMatch(/^[^/.].* \d+$/)
  })

  it('a package of format 6 holds what it holds in format 4, however it is compressed', async () => {
    const basic = rpms.filter((file) => file.endsWith('/rpm-basic-2.3.4-5.el9.noarch.rpm'))
    const [first, ...others] = await Promise.all(basic.map((file) => members(file, tools)))
    expect(others.length).toBeGreaterThan(3)
    expect(first!.length).toBeGreaterThan(2)
    for (const other of others) expect(other).toEqual(first)
    const compressed = await Promise.all(
      rpms.filter((file) => file.includes('payload-test')).map((file) => members(file, tools)),
    )
    expect(compressed.length).toBeGreaterThan(5)
    for (const other of compressed) expect(other).toEqual(compressed[0])
  })

  it('that are cut or changed are coded problems', async () => {
    for (const path of rpms.filter((file) => /rpm-basic-2.3.4|w9.bzdio|w6.lzdio/.test(file))) {
      const bytes = new Uint8Array(readFileSync(path))
      const codes = async (changed: Uint8Array) =>
        (await scanBytes(changed, 'x.rpm', { tools })).map((facts) => facts.type === 'problem' && facts.code)
      expect(await codes(bytes)).toEqual([])
      for (let end = 0; end < bytes.length; end += 211)
        expect(await codes(bytes.subarray(0, end))).toContainEqual(expect.any(String))
      const damaged = bytes.slice()
      damaged[bytes.length - 60]! ^= 1
      expect(await codes(damaged)).toEqual([
        expect.stringMatching(/^(checksum-mismatch|compression-corrupt)$/),
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
        paths.push('unread' in member ? member.unread : member.path)
    } catch (error) {
      failure = (error as { code?: string }).code
    }
    expect(failure).toBe(code)
    if (code === null) expect(paths.length).toBeGreaterThan(0)
    const all = await factsOf({ path: join(folders[0]!, name) }, { tools: noTools })
    expect(all.every(({ type }) => type === 'problem')).toBe(true)
  })
})
