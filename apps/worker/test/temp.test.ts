import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTempFiles } from '../src/temp.js'

let parent: string
beforeEach(async () => {
  parent = join(await mkdtemp(join(tmpdir(), 'basedrift-temp-')), 'tmp')
})
afterEach(() => rm(join(parent, '..'), { recursive: true, force: true }))

it('leaves nothing of a job that failed', async () => {
  const temp = await openTempFiles(parent)
  let used = ''
  const failing = temp.withDirectory(async (directory) => {
    used = directory
    await writeFile(join(directory, 'base.btf'), 'x')
    throw new Error('disk full')
  })
  await expect(failing).rejects.toThrow('disk full')
  expect(used.startsWith(parent)).toBe(true)
  const [own] = await readdir(parent)
  expect(await readdir(join(parent, own as string))).toEqual([])
  await temp.close()
  expect(await readdir(parent)).toEqual([])
})

it('removes at the start what killed workers left, and nothing else', async () => {
  const host = encodeURIComponent(hostname())
  const names = {
    gone: `worker@${host}@999999999@a`,
    /** The process id that this one got again. */
    before: `worker@${host}@${process.pid}@b`,
    alive: `worker@${host}@${process.ppid}@c`,
    elsewhere: 'worker@another-machine@1@d',
    upload: 'staging-1',
  }
  for (const name of Object.values(names)) await mkdir(join(parent, name), { recursive: true })
  await writeFile(join(parent, names.gone, 'base.btf'), 'x')
  const early = new Date(Date.now() - process.uptime() * 1000 - 5_000)
  await utimes(join(parent, names.before), early, early)
  const temp = await openTempFiles(parent)
  const left = await readdir(parent)
  expect(left).toEqual(expect.arrayContaining([names.alive, names.elsewhere, names.upload]))
  expect(left).not.toContain(names.gone)
  expect(left).not.toContain(names.before)
  await temp.close()
})

it('keeps to itself beside another worker of the same process', async () => {
  const first = await openTempFiles(parent)
  await first.withDirectory(async (directory) => {
    const second = await openTempFiles(parent)
    await writeFile(join(directory, 'x'), 'x')
    await second.close()
    expect(await readdir(directory)).toEqual(['x'])
  })
  await first.close()
})
