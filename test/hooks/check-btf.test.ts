import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { has } from './support/commands.js'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../..')
const vectors = path.join(root, 'packages/btf/testdata')
const uname = '5.15.12-1-default'
const config = `# Linux/x86 5.15.12 Kernel Configuration\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_DEBUG_INFO_BTF_MODULES=y\n`

/** The check decodes xz with the command alone. */
const debCompression = (await has('xz')) ? 'xz' : 'gzip'
/** `rpmbuild` is not everywhere; what packs .deb is on every Debian. */
const kinds = [
  { kind: 'deb', script: 'post-build-checks/60-check-btf-deb', there: await has('dpkg-deb') },
  { kind: 'rpm', script: 'checks/60-check-btf', there: await has('rpmbuild') },
] as const

describe.each(kinds.filter(({ there }) => there))(
  'the check in a build root, of .$kind',
  ({ kind, script }) => {
    let folder: string
    let count = 0
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'basedrift-check-'))
      await run(process.execPath, [
        path.join(root, 'scripts/hooks/obs/pack-check.mjs'),
        path.join(folder, 'pack'),
      ])
    })
    afterAll(() => rm(folder, { recursive: true, force: true }))

    /** A tree with the kernel of one build, the modules of one, or both. */
    const tree = async ({ kernel, modules }: { kernel?: string; modules?: string }) => {
      const at = path.join(folder, `tree-${++count}`)
      const files: Record<string, string> = {}
      if (kernel !== undefined) files[`boot/vmlinux-${uname}`] = `vmlinux-${kernel}`
      for (const name of modules === undefined ? [] : ['saucer', 'teapot'])
        files[`lib/modules/${uname}/kernel/${name}.ko`] = `${name}-${modules}.ko`
      for (const [file, vector] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(at, file)), { recursive: true })
        await copyFile(path.join(vectors, vector), path.join(at, file))
      }
      if (kernel !== undefined) await writeFile(path.join(at, `boot/config-${uname}`), config)
      await mkdir(path.join(at, 'usr/share/doc/kettle'), { recursive: true })
      return at
    }

    const makeDeb = async (at: string, name: string, to: string) => {
      await mkdir(path.join(at, 'DEBIAN'))
      const control = `Package: ${name}\nVersion: 5.15.12-1\nArchitecture: amd64\nMaintainer: a <a@b.c>\nDescription: d\n`
      await writeFile(path.join(at, 'DEBIAN/control'), control)
      await mkdir(to, { recursive: true })
      await run('dpkg-deb', [`-Z${debCompression}`, '-b', at, path.join(to, `${name}_5.15.12-1_amd64.deb`)])
    }
    const makeRpm = async (at: string, name: string, to: string) => {
      const spec = path.join(folder, `${name}-${count}.spec`)
      await writeFile(
        spec,
        `Name: ${name}\nVersion: 5.15.12\nRelease: 1\nSummary: s\nLicense: l\nAutoReqProv: no\n` +
          '%global __os_install_post %{nil}\n%global debug_package %{nil}\n%description\nd\n' +
          `%install\nmkdir -p %{buildroot}\ncp -a '${at}'/. %{buildroot}/\n%files\n/*\n`,
      )
      const defines = {
        _topdir: path.join(folder, 'rpmbuild'),
        _rpmdir: path.dirname(to),
        _build_id_links: 'none',
      }
      const args = Object.entries(defines).flatMap(([key, value]) => ['--define', `${key} ${value}`])
      await run('rpmbuild', ['-bb', '--quiet', '--target', 'x86_64', ...args, spec])
    }
    const pack = async (at: string, name: string, top: string) =>
      kind === 'deb'
        ? makeDeb(at, name, path.join(top, 'DEBS'))
        : makeRpm(at, name, path.join(top, 'RPMS/x86_64'))

    /** A build root as obs-build leaves it: the packages below a folder that `.build.packages` links to. */
    const buildRoot = async (
      packages: Record<string, { kernel?: string; modules?: string }>,
      settings = '',
      policy?: string,
    ) => {
      const at = path.join(folder, `root-${++count}`)
      const top = path.join(at, 'usr/src/packages')
      await mkdir(path.join(top, 'SOURCES'), { recursive: true })
      await symlink('usr/src/packages', path.join(at, '.build.packages'))
      await mkdir(path.join(at, 'usr/lib/basedrift/reference'), { recursive: true })
      if (settings !== '') await writeFile(path.join(top, 'SOURCES/basedrift-check.conf'), settings)
      if (policy !== undefined) {
        await mkdir(path.join(at, 'etc/basedrift'), { recursive: true })
        await writeFile(path.join(at, 'etc/basedrift/check.conf'), policy)
      }
      for (const [name, of] of Object.entries(packages)) await pack(await tree(of), name, top)
      return { at, other: path.join(top, 'OTHER'), reference: path.join(at, 'usr/lib/basedrift/reference') }
    }

    const check = async (at: string, first = '') => {
      const env = {
        PATH: `${first}${process.env.PATH}`,
        BUILD_ROOT: at,
        BASEDRIFT_CHECK_LIBRARY: path.join(folder, 'pack/usr/lib/basedrift/check'),
      }
      const command = path.join(folder, 'pack/usr/lib/build', script)
      return run(command, [], { env }).then(
        ({ stdout }) => ({ code: 0, stdout }),
        ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
      )
    }

    it('passes modules with the kernel of their own build, and leaves a report', async () => {
      const { at, other } = await buildRoot({
        'kernel-default': { kernel: '1.3' },
        'kernel-extra': { modules: '1.3' },
      })
      expect(await check(at)).toEqual({
        code: 0,
        stdout: `... BTF: ${uname}: All 2 modules are compatible.\n`,
      })
      expect(await readdir(other)).toEqual([`basedrift-${uname}.json`, `basedrift-${uname}.txt`])
      const report = JSON.parse(await readFile(path.join(other, `basedrift-${uname}.json`), 'utf8'))
      expect(report.summary).toMatchObject({ total: 2, compatible: 2 })
    })

    it('fails the build of modules that do not fit a reference kernel, and says which', async () => {
      const { at, other, reference } = await buildRoot({ kernel: { kernel: '1.3', modules: '1.3' } })
      const live = await tree({ kernel: '1.1' })
      await symlink(live, path.join(reference, 'live'))
      const { code, stdout } = await check(at)
      expect(code).toBe(1)
      expect(stdout).toMatch(/\d (rejected|misread): .*(saucer|teapot)/)
      expect(stdout).toContain('that stops the build')
      expect(await readdir(other)).toContain(`basedrift-${uname}-on-live.json`)
    })

    it('lets the build go on where it is told to report', async () => {
      const { at, other, reference } = await buildRoot({ kernel: { modules: '1.3' } }, 'mode=report\n')
      await symlink(await tree({ kernel: '1.1' }), path.join(reference, 'live'))
      const { code, stdout } = await check(at)
      expect(code).toBe(0)
      expect(stdout).toContain('the build goes on')
      expect(await readdir(other)).toContain(`basedrift-${uname}-on-live.txt`)
    })

    it('lets no package weaken what the project says, and says what a package sets', async () => {
      const misfit = async (settings: string, policy?: string) => {
        const { at, reference } = await buildRoot({ kernel: { modules: '1.3' } }, settings, policy)
        await symlink(await tree({ kernel: '1.1' }), path.join(reference, 'live'))
        return check(at)
      }
      const off = await misfit('mode=off\nstop=\n', '# policy\n\nmode=fail\nstop=rejected,misread\n')
      expect(off).toMatchObject({ code: 1, stdout: expect.stringContaining('that stops the build') })
      expect(off.stdout).toContain(
        'mode=off of its sources does not count: /etc/basedrift/check.conf sets it',
      )
      const silent = await misfit('mode=off\n')
      expect(silent).toEqual({ code: 0, stdout: '... BTF: its sources set mode=off\n' })
      const report = await misfit('mode=report', 'seconds=600\n')
      expect(report).toMatchObject({ code: 0, stdout: expect.stringContaining('the build goes on') })
      expect(report.stdout).toContain('its sources set mode=report')
      // What is not understood of a policy would otherwise be no policy.
      for (const [settings, policy, said] of [
        ['mode=off\n', 'mode = fail\n', 'check.conf: mode = fail: is none of mode=, stop=, seconds='],
        ['mode=off\n', 'stop=reject\n', 'stop=reject: there is no reject'],
        ['stop=rejected misread\n', undefined, 'there is no rejected misread'],
      ] as const)
        expect(await misfit(settings, policy)).toMatchObject({
          code: 1,
          stdout: expect.stringContaining(said),
        })
    })

    it('checks modules with raw BTF whose rules stand beside it, and only the flavor that is meant', async () => {
      const { at, reference } = await buildRoot({ kmp: { modules: '1.3' } })
      await copyFile(path.join(vectors, 'base-1.3.btf'), path.join(reference, 'same'))
      await writeFile(path.join(reference, 'same.rules'), '5.15.12,no-allow-mismatch\n')
      await symlink(await tree({ kernel: '1.1' }), path.join(reference, 'rt'))
      await writeFile(path.join(reference, 'rt.for'), '*-rt\n')
      const { stdout } = await check(at)
      expect(stdout).toContain(`${uname}-on-same: `)
      expect(stdout).not.toContain('-on-rt')
    })

    it('takes the base that kbuild had for that which modules without a kernel were built on', async () => {
      const kmp = async (...trees: [string, string, string][]) => {
        const { at, reference } = await buildRoot({ kmp: { modules: '1.3' } })
        await copyFile(path.join(vectors, 'base-1.3.btf'), path.join(reference, 'same'))
        await writeFile(path.join(reference, 'same.rules'), '5.15.12,no-allow-mismatch\n')
        for (const [place, release, vector] of trees) {
          await mkdir(path.join(at, place, 'include/config'), { recursive: true })
          await writeFile(path.join(at, place, 'include/config/kernel.release'), `${release}\n`)
          await copyFile(path.join(vectors, vector), path.join(at, place, 'vmlinux'))
        }
        return check(at)
      }
      const [obj, build] = ['usr/src/linux-5.15.12-1-obj/x86_64/default', `lib/modules/${uname}/build`]
      expect(await kmp([obj, uname, 'vmlinux-1.3'])).toEqual({
        code: 0,
        stdout: `... BTF: ${uname}-on-same: All 2 modules are compatible.\n`,
      })
      expect(await kmp([build, uname, 'vmlinux-1.3'], [obj, uname, 'vmlinux-1.3'])).toMatchObject({ code: 0 })
      const unknown = { code: 1, stdout: expect.stringMatching(/\d unknown: .*(saucer|teapot)/) }
      expect(await kmp([obj, '5.15.13-1-default', 'vmlinux-1.3'])).toMatchObject(unknown)
      const several = await kmp([build, uname, 'vmlinux-1.3'], [obj, uname, 'vmlinux-1.1'])
      expect(several).toMatchObject(unknown)
      expect(several.stdout).toContain(`${uname}: its build trees have several vmlinux`)
    })

    it('knows nothing of modules that no kernel is there for, and does not pass them', async () => {
      const { at } = await buildRoot({ kmp: { modules: '1.3' } })
      expect(await check(at)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('neither in this build nor in'),
      })
      const lenient = await buildRoot({ kmp: { modules: '1.3' } }, 'stop=rejected,misread\n')
      expect(await check(lenient.at)).toMatchObject({ code: 0 })
    })

    it('takes no time for a build without modules', async () => {
      const { at, other } = await buildRoot({ kettle: {} })
      expect(await check(at)).toEqual({ code: 0, stdout: '' })
      await expect(readdir(other)).rejects.toThrow('ENOENT')
    })

    it('fails where a package cannot be listed', async () => {
      const { at } = await buildRoot({ kettle: {} })
      const to = path.join(at, 'usr/src/packages', kind === 'deb' ? 'DEBS' : 'RPMS/x86_64')
      await writeFile(path.join(to, `broken.${kind}`), 'no package')
      expect(await check(at)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining(`broken.${kind} cannot be listed`),
      })
    })

    const fakeNode = async (...lines: string[]) => {
      const bin = await mkdtemp(path.join(folder, 'bin-'))
      await writeFile(path.join(bin, 'node'), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 })
      return `${bin}:`
    }

    it('says that node is too old, and takes the one that came with it', async () => {
      const { at } = await buildRoot({ kernel: { kernel: '1.3', modules: '1.3' } })
      const old = await fakeNode('echo 18.20.4')
      expect(await check(at, old)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('is 18.20.4, and 20.19 or newer is needed'),
      })
      const own = path.join(folder, 'pack/usr/lib/basedrift/check/node')
      await symlink(process.execPath, own)
      try {
        expect(await check(at, old)).toMatchObject({ code: 0, stdout: expect.stringContaining('compatible') })
      } finally {
        await rm(own)
      }
    })

    it('gives up after the time that all of it may take, and does not pass', async () => {
      const { at, reference } = await buildRoot({ kernel: { kernel: '1.3', modules: '1.3' } }, 'seconds=1\n')
      for (const name of ['a', 'b']) await writeFile(path.join(reference, name), '')
      const endless = await fakeNode('[ "$1" = -p ] && echo 20.19.0 && exit 0', 'exec sleep 600')
      const { code, stdout } = await check(at, endless)
      expect(code).toBe(1)
      expect(stdout.match(/given up, all checks may take 1 seconds/g)).toHaveLength(3)
    })

    it('fails where it cannot do its work, and where its settings are none', async () => {
      const { at } = await buildRoot({ kernel: { kernel: '1.3', modules: '1.3' } })
      const env = { PATH: process.env.PATH, BUILD_ROOT: at, BASEDRIFT_CHECK_LIBRARY: '/nowhere' }
      const command = path.join(folder, 'pack/usr/lib/build', script)
      await expect(run(command, [], { env })).rejects.toMatchObject({ code: 1 })
      const wrong = await buildRoot({ kernel: { kernel: '1.3', modules: '1.3' } }, 'mode=of\n')
      expect(await check(wrong.at)).toMatchObject({ code: 1, stdout: expect.stringContaining('mode=of') })
    })
  },
)
