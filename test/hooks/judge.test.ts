import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { exitCodeOf, type ModuleResult } from '@basedrift/check/pure'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const judge = path.resolve(import.meta.dirname, '../../scripts/hooks/obs/judge.mjs')
const all = 'crashes,rejected,discarded,misread,changed,error,unknown,symbols-missing,load-doubtful,load'

type Judged = Pick<ModuleResult, 'verdict' | 'load'>
const fits: Judged['load'] = { vermagic: 'same', modversions: { state: 'match', mismatched: [] } }

describe('what the check in a build root makes of a result', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'basedrift-judge-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const judged = async (
    modules: Judged[],
    { stop = all, code, kernel }: { stop?: string; code?: number; kernel?: object } = {},
  ) => {
    const file = path.join(folder, 'result.json')
    await writeFile(
      file,
      JSON.stringify({ kernel, modules: modules.map((module) => ({ name: 'kettle', ...module })) }),
    )
    return run(process.execPath, [judge, stop, file, String(code ?? exitCodeOf(modules))]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    )
  }

  const wrongs: Judged[] = [
    { verdict: 'rejected', load: fits },
    { verdict: 'discarded', load: fits },
    { verdict: 'changed', load: fits },
    { verdict: 'misread', load: fits },
    { verdict: 'crashes', load: fits },
    { verdict: 'compatible', load: { ...fits, vermagic: 'differs' } },
    { verdict: 'compatible', load: { ...fits, btfIds: { state: 'fails', errno: 22 } } },
    { verdict: 'compatible', load: { ...fits, btfIds: { state: 'wrong' } } },
  ]
  it.each(wrongs)('stops what the check fails for: $verdict, $load', async (module) => {
    expect(exitCodeOf([module])).toBe(1)
    expect(await judged([{ verdict: 'compatible', load: fits }, module])).toMatchObject({ code: 1 })
  })

  it('passes what fits, and what the policy of the build lets through', async () => {
    expect(await judged([{ verdict: 'compatible', load: fits }])).toEqual({ code: 0, stdout: '' })
    expect(await judged([{ verdict: 'changed', load: fits }], { stop: 'rejected' })).toMatchObject({
      code: 0,
    })
  })

  it('stops at ids that stand for something else, by either word', async () => {
    const module: Judged = { verdict: 'compatible', load: { ...fits, btfIds: { state: 'wrong' } } }
    expect(await judged([module], { stop: 'load' })).toMatchObject({ code: 1 })
    expect(await judged([module], { stop: 'misread' })).toMatchObject({ code: 1 })
    expect(await judged([module], { stop: 'rejected' })).toMatchObject({ code: 0 })
  })

  it('stops at imports that nothing exports, unless they are let through', async () => {
    const load: Judged['load'] = {
      ...fits,
      modversions: { state: 'unknown', mismatched: [], unresolved: ['garp_init'] },
    }
    const module: Judged = { verdict: 'compatible', load }
    expect(exitCodeOf([module])).toBe(3)
    expect(await judged([module])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('1 symbols-missing: kettle'),
    })
    expect(await judged([module], { stop: 'rejected,unknown,load' })).toMatchObject({ code: 0 })
  })

  it('stops at what a kernel takes by force at best, unless that is let through', async () => {
    const modversions = { state: 'unknown' as const, mismatched: [] }
    const module: Judged = {
      verdict: 'compatible',
      load: { ...fits, modversions, doubts: ['versions-absent'] },
    }
    expect(await judged([module])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('1 load-doubtful: kettle'),
    })
    expect(await judged([module], { stop: 'rejected,unknown,load' })).toMatchObject({ code: 0 })
  })

  it('stops where the kernel was not read whole, whatever else there is, and says why', async () => {
    const problem = (file: string) => ({
      code: 'elf-truncated',
      file,
      at: null,
      message: 'It\u001b ends early.',
    })
    const kernel = { problems: ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => problem(`vmlinux!${name}.ko`)) }
    const fitting: Judged[] = [{ verdict: 'compatible', load: fits }]
    const bad: Judged[] = [{ verdict: 'changed', load: fits }]
    for (const [modules, code] of [
      [fitting, 2],
      [bad, 1],
    ] as const)
      expect(await judged(modules, { kernel, code, stop: 'rejected' })).toEqual({
        code: 1,
        stdout: `${[
          'the kernel was not read whole, and what is missing may decide:',
          ...['a', 'b', 'c', 'd', 'e'].map(
            (name) => `     vmlinux!${name}.ko: elf-truncated: It? ends early.`,
          ),
          '     and 1 more',
        ]
          .map((line) => (line.startsWith(' ') ? `... ${line}` : `... BTF: ${line}`))
          .join('\n')}\n`,
      })
    expect(await judged(fitting, { kernel, code: 0 })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('ended with 0, and its result stands for 2'),
    })
  })

  it('stops at an exit that the result does not explain', async () => {
    const modules: Judged[] = [{ verdict: 'compatible', load: fits }]
    for (const code of [1, 2, 3, 124, 134])
      expect(await judged(modules, { code, stop: 'rejected' })).toMatchObject({
        code: 1,
        stdout: expect.stringContaining(`ended with ${code}`),
      })
    expect(await judged([], { code: 0 })).toMatchObject({ code: 0 })
  })
})
