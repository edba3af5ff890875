import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type ModuleFacts, readModule } from '@basedrift/artifacts'
import { type Btf, Kind, Rebaser, readBtf } from '@basedrift/btf'
import { sha256Of } from '@basedrift/check'
import { describe, expect, it } from 'vitest'
import {
  chars,
  symbolSections,
  Writer,
  writeElf,
} from '../../../packages/artifacts/test/bytes/support/writers.js'
import { readBaseFile } from '../src/rewrite/base-file.js'
import { readModuleFile } from '../src/rewrite/module-file.js'
import { mustMeanTheSame } from '../src/rewrite/read-back.js'
import { basedrift } from './support/run.js'
import { tempDir } from './support/temp.js'
import { vector } from './support/vectors.js'

const bases = { '1.1': readFileSync(vector('base-1.1.btf')), '1.3': readFileSync(vector('base-1.3.btf')) }
const factsOf = (file: string): ModuleFacts => {
  const bytes = readFileSync(file)
  const { module, problems } = readModule(bytes, { file, sha256: sha256Of(bytes), size: bytes.length })
  expect(problems).toEqual([])
  return module
}
const idOf = (btf: Btf, kind: number, name: string): number => {
  for (let id = 1; id <= btf.lastId; id++) if (btf.kind(id) === kind && btf.name(id) === name) return id
  throw new Error(`no ${name}`)
}
const functionsOf = (btf: Btf): number[] => {
  const found: number[] = []
  for (let id = btf.startId; id <= btf.lastId; id++) if (btf.kind(id) === Kind.FUNC) found.push(id)
  return found
}

/** The module `teapot` of build 1.1 with kfuncs and a struct of the base in its `.BTF_ids`. */
function withIds(file: string, structId: number): { btf: Btf; functions: number[] } {
  const bytes = readFileSync(vector('teapot-1.1.btf'))
  const btf = readBtf(bytes, readBtf(bases['1.1']))
  const functions = functionsOf(btf).slice(0, 2)
  expect(functions).toHaveLength(2)
  const data = [structId, 2, 1, functions[0]!, 1, functions[1]!, 2].reduce(
    (out, value) => out.int(4, value),
    new Writer(true),
  )
  const sections = [
    { name: '.modinfo', data: chars('name=teapot\0') },
    { name: '.BTF', data: bytes },
    { name: '.BTF_ids', data: data.done(), flags: 2 },
  ]
  const symbols = [
    ['struct__kettle__1', 0],
    ['set8__kfuncs', 4],
    ['func__one__2', 12],
    ['func__two__3', 20],
  ] as const
  const marks = symbols.map(([name, value]) => ({ name: `__BTF_ID__${name}`, value, section: '.BTF_ids' }))
  const names = sections.map(({ name }) => name)
  writeFileSync(file, writeElf({ sections: [...sections, ...symbolSections(marks, names)] }))
  return { btf, functions }
}

/** The first struct of the base with a name. */
const structIn = (base: Buffer): { id: number; name: string } => {
  const btf = readBtf(base)
  for (let id = 1; id <= btf.lastId; id++)
    if (btf.kind(id) === Kind.STRUCT && btf.name(id) !== '') return { id, name: btf.name(id) }
  throw new Error('no struct')
}

async function verdictOf(file: string, kernel: string, ...more: string[]): Promise<string> {
  const { stdout } = await basedrift(['check', '--format', 'json', '--kernel', vector(kernel), ...more, file])
  const { verdict, basis } = JSON.parse(stdout.toString()).modules[0]
  return `${verdict} ${basis}`
}

describe('basedrift rebase', () => {
  it('gives a module what it would have been built with, and renumbers its .BTF_ids', async () => {
    using temp = tempDir()
    const file = path.join(temp.path, 'teapot.ko')
    const { name, id } = structIn(bases['1.1'])
    const { btf, functions } = withIds(file, id)
    await basedrift(['stamp', '--base', vector('base-1.1.btf'), file])
    expect(await verdictOf(file, 'base-1.3.btf', '--rules', '6.1.192')).toBe('rejected kernel-check')
    const args = ['--origin', vector('base-1.1.btf'), '--onto', vector('base-1.3.btf')]
    const run = await basedrift(['rebase', ...args, file])
    expect([run.code, run.stdout.toString(), run.stderr]).toEqual([0, 'Rebased 1 module\n', ''])
    const target = readBtf(bases['1.3'])
    const facts = factsOf(file)
    const again = readBtf(facts.btf!, target)
    const own = functions.map((at) => at - btf.startId + again.startId)
    expect(facts.btfIds).toMatchObject({
      list: [{ id: idOf(target, Kind.STRUCT, name) }],
      sets: [{ kind: 'set8', ids: own }],
    })
    expect(own.map((at) => again.name(at))).toEqual(functions.map((at) => btf.name(at)))
    // It was stamped, and still is.
    expect(facts.stamp?.sha256).toBe(sha256Of(bases['1.3']))
    expect(await verdictOf(file, 'base-1.3.btf', '--rules', '6.1.192')).toBe('compatible same-base')
    const wrong = await basedrift(['rebase', ...args, file])
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^basedrift: origin-contradicts: /),
    })
  })

  it('says which types stand in the way, and leaves the module as it is', async () => {
    using temp = tempDir()
    const file = path.join(temp.path, 'teapot.btf')
    copyFileSync(vector('teapot-1.1.btf'), file)
    // A kernel in which one name differs: what had it is missing, what refers to it is another.
    const other = Buffer.from(bases['1.1'])
    const { name } = structIn(bases['1.1'])
    const used = readBtf(bases['1.1'])
    const at = other.indexOf(`\0${name}\0`, used.header.hdrLen + used.header.strOff, 'latin1') + 1
    other[at] = other[at]! ^ 0x20
    writeFileSync(path.join(temp.path, 'other.btf'), other)
    const args = ['--origin', vector('base-1.1.btf'), '--onto', path.join(temp.path, 'other.btf'), file]
    const run = await basedrift(['rebase', ...args, '--format', 'json'])
    const [outcome] = JSON.parse(run.stdout.toString())
    expect(run.code).toBe(1)
    expect(outcome).toMatchObject({ name: 'teapot', file, output: null, appended: 0 })
    expect(outcome.obstacles).toContainEqual(
      expect.objectContaining({ type: `struct ${name}`, is: 'missing' }),
    )
    const table = (await basedrift(['rebase', ...args])).stdout.toString()
    expect(table).toMatch(/teapot\.btf: rebase-obstructed: \d+ types? stands? in the way/)
    expect(table).toMatch(new RegExp(` missing +struct ${name} +from \\w+`))
    expect(table).toMatch(/\nRebased 0 modules; 1 module obstructed\n$/)
    expect(readFileSync(file).equals(readFileSync(vector('teapot-1.1.btf')))).toBe(true)
  })
})

describe('several modules', () => {
  it.each([
    ['rebase', ['--origin', vector('base-1.1.btf'), '--onto', vector('base-1.3.btf')]],
    ['distill', ['--origin', vector('base-1.1.btf')]],
    ['stamp', ['--base', vector('base-1.1.btf')]],
  ] as const)(
    'are all written by %s, or none, and the one that is refused is named',
    async (command, kernels) => {
      using temp = tempDir()
      const [first, signed, last] = ['first.ko', 'signed.ko', 'last.ko'].map((name) =>
        path.join(temp.path, name),
      )
      const module = readFileSync(vector('teapot-1.1.ko'))
      writeFileSync(first!, module)
      writeFileSync(last!, module)
      writeFileSync(signed!, Buffer.concat([module, Buffer.from('sig~Module signature appended~\n')]))
      const args = [command, ...kernels, first!, signed!, last!]
      const refused = await basedrift(args)
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^basedrift: module-signed: /) })
      expect(refused.stderr).toContain('signed.ko')
      expect(readdirSync(temp.path).sort()).toEqual(['first.ko', 'last.ko', 'signed.ko'])
      for (const file of [first!, last!]) expect(readFileSync(file).equals(module)).toBe(true)
      writeFileSync(signed!, module)
      expect(await basedrift(args)).toMatchObject({ code: 0, stderr: '' })
      expect(readdirSync(temp.path).sort()).toEqual(['first.ko', 'last.ko', 'signed.ko'])
      for (const file of [first!, signed!, last!]) expect(readFileSync(file).equals(module)).toBe(false)
    },
  )

  it('are refused where two would be written to one file', async () => {
    using temp = tempDir()
    for (const folder of ['a', 'b', 'out']) mkdirSync(path.join(temp.path, folder))
    const files = ['a', 'b'].map((folder) => path.join(temp.path, folder, 'teapot.ko'))
    for (const file of files) copyFileSync(vector('teapot-1.1.ko'), file)
    const out = path.join(temp.path, 'out')
    const run = await basedrift(['stamp', '--base', vector('base-1.1.btf'), ...files, '-o', out])
    expect(run).toMatchObject({ code: 2, stderr: expect.stringMatching(/^basedrift: usage: Two modules /) })
    expect(readdirSync(out)).toEqual([])
  })
})

describe('a rebased BTF', () => {
  it('is not written where it means something else, though a kernel takes it', async () => {
    const module = await readModuleFile(vector('saucer-1.1.btf'))
    const [from, to] = [
      await readBaseFile(vector('base-1.1.btf')),
      await readBaseFile(vector('base-1.3.btf')),
    ]
    const rebaser = new Rebaser(from.btf, to.btf)
    const split = readBtf(module.btf!, from.btf)
    const rebased = rebaser.rebase(split)
    if ('obstacles' in rebased) throw new Error('obstructed')
    expect(mustMeanTheSame(module, split, rebased, rebaser, to)).toBeUndefined()
    // A pointer to another struct.
    const { header, words, starts } = readBtf(rebased.btf, to.btf)
    const pointer = starts.findIndex((at) => words[at + 1]! >>> 24 === Kind.PTR)
    const btf = rebased.btf.slice()
    const at = header.hdrLen + header.typeOff + (starts[pointer]! + 2) * 4
    new DataView(btf.buffer).setUint32(at, structIn(bases['1.3']).id, true)
    expect(() => mustMeanTheSame(module, split, { ...rebased, btf }, rebaser, to)).toThrow(
      expect.objectContaining({ code: 'rebase-unproved', where: module.path }),
    )
  })
})

describe('basedrift distill', () => {
  it('gives a module a base of its own, by which it fits its kernel and the next', async () => {
    using temp = tempDir()
    const file = path.join(temp.path, 'teapot.ko')
    const { btf, functions } = withIds(file, 0)
    await basedrift(['stamp', '--base', vector('base-1.1.btf'), file])
    const run = await basedrift(['distill', '--origin', vector('base-1.1.btf'), file])
    expect([run.code, run.stdout.toString(), run.stderr]).toEqual([0, 'Distilled 1 module\n', ''])
    const facts = factsOf(file)
    const again = readBtf(facts.btf!, readBtf(facts.distilled!))
    expect(facts.btfIds?.sets[0]?.ids.map((at) => again.name(at))).toEqual(
      functions.map((at) => btf.name(at)),
    )
    expect(facts.stamp).toBeNull()
    for (const kernel of ['base-1.1.btf', 'base-1.3.btf'])
      expect(await verdictOf(file, kernel, '--rules', '6.12.117')).toBe('compatible relocated')
    for (const command of [
      ['distill', '--origin', vector('base-1.1.btf')],
      ['stamp', '--base', vector('base-1.1.btf')],
    ]) {
      expect((await basedrift([...command, file])).stderr).toMatch(/^basedrift: module-distilled: /)
    }
  })

  it('puts the base of raw BTF beside it', async () => {
    using temp = tempDir()
    const out = path.join(temp.path, 'out')
    mkdirSync(out)
    const modules = [vector('teapot-1.1.btf'), vector('saucer-1.1.btf')]
    expect(
      await basedrift(['distill', '--origin', vector('vmlinux-1.1'), '-o', out, ...modules]),
    ).toMatchObject({ code: 0 })
    expect(existsSync(path.join(out, 'saucer-1.1.base'))).toBe(true)
    const { stdout } = await basedrift([
      'check',
      '--kernel',
      vector('base-1.3.btf'),
      '--rules',
      '6.12.117',
      out,
    ])
    expect(stdout.toString()).toMatch(/^All 2 modules are compatible\./)
  })

  it('says which ids of .BTF_ids have no type any more', async () => {
    using temp = tempDir()
    const file = path.join(temp.path, 'teapot.ko')
    const base = readBtf(bases['1.1'])
    // The last type of the base, which nothing of the module refers to.
    withIds(file, base.lastId)
    const run = await basedrift(['distill', '--origin', vector('base-1.1.btf'), file])
    expect(run).toMatchObject({ code: 0, stderr: expect.stringMatching(/1 id of its \.BTF_ids/) })
    expect(factsOf(file).btfIds?.list).toMatchObject([{ id: 0 }])
  })
})
