import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { scan } from '@basedrift/artifacts'
import { dumpRaw, readBtf } from '@basedrift/btf'
import { describe, expect, it } from 'vitest'
import { basedrift } from './support/run.js'

/** SHA-256 of what bpftool 7.1 printed for Debian's BTFs: `btf dump file X [-B BASE] format raw`. */
const recorded = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'golden/bpftool-7.1.json'), 'utf8'),
) as { bases: Record<string, string>; 'modulesOf6.1.0-56': Record<string, string> }

const kernels = process.env.BASEDRIFT_CONFORMANCE
  ? path.join(process.env.BASEDRIFT_CONFORMANCE, 'kernels')
  : null
const there = kernels !== null && existsSync(kernels)

describe.skipIf(!there)(
  'dump of Debian’s kernels, as bpftool printed it (needs BASEDRIFT_CONFORMANCE)',
  () => {
    const folder = kernels ?? ''
    const base = path.join(folder, '6.1.0-56.base.btf.zst')
    const archive = path.join(folder, '6.1.0-56.modules.tar.zst')

    it.each(Object.entries(recorded.bases))('%s', async (name, sha256) => {
      const { code, stdout } = await basedrift(['dump', path.join(folder, `${name}.zst`)])
      expect(createHash('sha256').update(stdout).digest('hex')).toBe(sha256)
      expect(code).toBe(0)
    })

    it('a module in an archive, on a base', async () => {
      const { code, stdout } = await basedrift(['dump', `${archive}!6.1.0-56/8021q.btf`, '--base', base])
      expect(createHash('sha256').update(stdout).digest('hex')).toBe(
        recorded['modulesOf6.1.0-56']['8021q.btf'],
      )
      expect(code).toBe(0)
    })

    it('modules of every size', async () => {
      let running: Uint8Array | null = null
      for await (const facts of scan({ path: base }, { rawBtf: 'kernel' }))
        if (facts.type === 'kernel') running = facts.btf
      const on = readBtf(running!)
      const found: Record<string, string> = {}
      for await (const facts of scan({ path: archive }, { rawBtf: 'module' })) {
        if (facts.type !== 'module' || facts.btf === null) continue
        const name = path.basename(facts.file)
        if (!Object.hasOwn(recorded['modulesOf6.1.0-56'], name)) continue
        const hash = createHash('sha256')
        for (const type of dumpRaw(readBtf(facts.btf, on))) hash.update(type, 'latin1')
        found[name] = hash.digest('hex')
      }
      expect(found).toEqual(recorded['modulesOf6.1.0-56'])
    })
  },
)
