import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { xzSync } from 'node-liblzma'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scan } from '../src/index.js'
import { fileBytes } from '../src/source/file.js'
import { banner, writeBtf } from './bytes/support/writers.js'
import { writeDeb, writeTar } from './support/archives.js'
import { config, factsOf, lines, release, scanBytes, writeModule, writeVmlinux } from './support/artifacts.js'
import { zstdBomb } from './support/texts.js'

const a = writeModule('a')
const b = writeModule('b')
const zeros = Buffer.alloc(20 << 20)

describe('what is too large', () => {
  it('ends a member, and the rest goes on', async () => {
    const large = writeModule('large', { text: new Uint8Array(5000) })
    const tar = writeTar([
      { path: 'large.ko', data: large },
      { path: 'large.ko.gz', data: gzipSync(large) },
      { path: 'large.ko.xz', data: xzSync(Buffer.from(large)) },
      { path: 'vmlinux', data: zeros },
      { path: 'config-x', data: zeros },
      { path: 'a.ko', data: a },
    ])
    const limits = { moduleBytes: 4000, kernelBytes: 10_000, configBytes: 1000 }
    expect(lines(await scanBytes(tar, 'x.tar', { limits }))).toEqual([
      'problem limit-exceeded x.tar!large.ko',
      'problem limit-exceeded x.tar!large.ko.gz',
      'problem limit-exceeded x.tar!large.ko.xz',
      'problem limit-exceeded x.tar!vmlinux',
      'problem limit-exceeded x.tar!config-x',
      'module x.tar!a.ko',
    ])
  })

  it('ends a package whose payload is a bomb, with what came before', async () => {
    const tar = writeTar([
      { path: 'a.ko', data: a },
      { path: 'zeros', data: zeros },
      { path: 'b.ko', data: b },
    ])
    for (const packed of [gzipSync(tar), xzSync(Buffer.from(tar))]) {
      const deb = writeDeb(packed, 'data.tar.xz')
      const outer = writeTar([
        { path: 'bomb.deb', data: deb },
        { path: 'b.ko', data: b },
      ])
      expect(lines(await scanBytes(deb, 'x.deb'))).toEqual([
        'module x.deb!a.ko',
        'problem limit-exceeded x.deb',
      ])
      expect(lines(await scanBytes(outer, 'x.tar'))).toEqual([
        'module x.tar!bomb.deb!a.ko',
        'problem limit-exceeded x.tar!bomb.deb',
        'module x.tar!b.ko',
      ])
    }
  })

  it('ends a bomb that is a member of a bomb', async () => {
    const tar = writeTar([
      { path: 'm.ko.zst', data: zstdBomb(200) },
      { path: 'a.ko', data: a },
    ])
    const all = await scanBytes(gzipSync(tar), 'x.tar.gz')
    expect(lines(all)).toEqual(['problem limit-exceeded x.tar.gz!m.ko.zst', 'module x.tar.gz!a.ko'])
  })

  it('ends what waits for the end of the input', async () => {
    const raws = Array.from({ length: 10 }, (_, i) => ({ path: `m${i}.btf`, data: writeBtf(10) }))
    const limits = { heldBytes: 3 * writeBtf(10).length }
    const all = await scanBytes(writeTar(raws), 'x.tar', { limits })
    expect(all.map(({ type }) => type).sort()).toEqual([
      ...Array(3).fill('kernel'),
      ...Array(7).fill('problem'),
    ])
  })
})

describe('a directory', () => {
  let root = ''
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'basedrift-'))
    const modules = join(root, 'lib/modules', release)
    mkdirSync(modules, { recursive: true })
    mkdirSync(join(root, 'boot'))
    writeFileSync(join(modules, 'b.ko.gz'), gzipSync(b))
    writeFileSync(join(modules, 'a.ko'), a)
    writeFileSync(join(modules, 'config'), config)
    writeFileSync(join(root, 'boot/vmlinux'), writeVmlinux(banner))
    writeFileSync(join(root, 'one.deb'), writeDeb(writeTar([{ path: 'c.ko', data: a }])))
    writeFileSync(join(root, 'README'), 'nothing')
    writeFileSync(join(root, 'm.btf'), writeBtf(2))
    writeFileSync(join(root, 'm.base'), writeBtf(1))
    symlinkSync(modules, join(root, 'linked'))
    symlinkSync(join(modules, 'a.ko'), join(root, 'linked.ko'))
    symlinkSync(join(root, 'store/a.bin'), join(root, 'missed.ko'))
    symlinkSync(root, join(modules, 'loop'))
  })
  afterAll(() => rmSync(root, { recursive: true }))

  it('is read with what is below it, in order, and links are not followed', async () => {
    const all = await factsOf({ path: root }, { name: 'in' })
    expect(lines(all)).toEqual([
      'problem link-unread in/missed.ko',
      'module in/one.deb!c.ko',
      'module in/m.btf',
      `module in/lib/modules/${release}/a.ko`,
      `problem link-unread in/lib/modules/${release}/loop`,
      `module in/lib/modules/${release}/b.ko.gz`,
      `config in/lib/modules/${release}/config`,
      'kernel in/boot/vmlinux',
    ])
    expect(all.at(-1)).toMatchObject({ release, config: { allowBtfMismatch: true } })
    expect(all[2]).toMatchObject({ distilled: writeBtf(1) })
  })

  it('is never read without a word where there is a pipe, a socket or a device in the place of a file', async () => {
    const pipes = mkdtempSync(join(tmpdir(), 'basedrift-'))
    const server = createServer().listen(join(pipes, 'c.ko'))
    try {
      execFileSync(
        'mkfifo',
        ['a.ko', 'm.base', 'README', 'vmlinuz-6.1'].map((name) => join(pipes, name)),
      )
      writeFileSync(join(pipes, 'm.btf'), writeBtf(2))
      await once(server, 'listening')
      const all = await factsOf({ path: pipes }, { name: 'in' })
      expect(lines(all)).toEqual([
        'problem file-unreadable in/a.ko',
        'problem file-unreadable in/c.ko',
        'problem file-unreadable in/m.base',
        'problem file-unreadable in/vmlinuz-6.1',
        'kernel in/m.btf',
      ])
      expect(all[0]).toHaveProperty(
        'message',
        expect.stringMatching(/^It is a pipe, a socket or a device\. /),
      )
      const single = await factsOf({ path: join(pipes, 'm.btf') }, { name: 'm.btf' })
      expect(lines(single)).toEqual([`problem file-unreadable ${join(pipes, 'm.base')}`, 'kernel m.btf'])
      for await (const bytes of fileBytes(join(pipes, 'a.ko'))) expect(bytes).toBe(null)
    } finally {
      server.close()
      rmSync(pipes, { recursive: true })
    }
  })

  it('can hold too much', async () => {
    const all = await factsOf({ path: root }, { name: 'in', limits: { members: 3 } })
    expect(lines(all)).toEqual(['problem limit-exceeded in'])
  })

  it('gives a raw BTF the base beside it', async () => {
    const [module] = await factsOf({ path: join(root, 'm.btf') })
    expect(module).toMatchObject({ type: 'module', file: join(root, 'm.btf'), distilled: writeBtf(1) })
  })

  it('that is not there is a problem', async () => {
    expect(lines(await factsOf({ path: join(root, 'none') }, { name: 'none' }))).toEqual([
      'problem file-unreadable none',
    ])
  })

  it('is not opened where it is a device', async () => {
    for (const path of ['/dev/null', '/dev/zero']) {
      const [problem] = await factsOf({ path }, { name: 'device' })
      expect(problem).toMatchObject({ code: 'file-unreadable', file: 'device' })
      expect(problem).toHaveProperty('message', expect.stringContaining('neither a regular file'))
    }
  })

  it('reports progress', async () => {
    const seen: [number, number | null][] = []
    const path = join(root, 'one.deb')
    await factsOf({ path }, { onProgress: (bytes, total) => seen.push([bytes, total]) })
    expect(seen.at(-1)![0]).toBe(seen.at(-1)![1])
  })
})

describe('an aborted scan', () => {
  const reason = new Error('no longer wanted')

  it('throws the reason, also while its source gives nothing', async () => {
    const controller = new AbortController()
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield writeTar([{ path: 'a.ko', data: a }], false)
      controller.abort(reason)
      await new Promise(() => {})
    }
    const running = factsOf({ name: 'x.tar', stream: stuck() }, { signal: controller.signal })
    await expect(running).rejects.toBe(reason)
    await expect(factsOf({ path: '/' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('leaves no source open when nobody reads on', async () => {
    let closed = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield writeTar([{ path: 'a.ko', data: a }], false)
      } finally {
        closed = true
      }
    }
    for await (const _facts of scan({ name: 'x.tar', stream: endless() })) break
    expect(closed).toBe(true)
  })

  it('hands on what its source throws', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield writeTar([{ path: 'a.ko', data: a }], false)
      throw reason
    }
    await expect(factsOf({ name: 'x.tar', stream: failing() })).rejects.toBe(reason)
  })
})
