import { describe, expect, it } from 'vitest'
import type { Ledger } from '../src/index.js'
import { asked, compare, environment, fits, unread } from './gate/recorded.js'
import { decision, found, ingesting, openTestLedger, sha } from './support/ledger.js'

const said = { reason: 'the wrong file', by: 'anna' }
const kernelName = '5.15.12-1'

/** A ledger on which each step is a minute later than the one before. */
async function openScene() {
  const test = await openTestLedger()
  const { ledger, clock } = test
  const later = () => {
    clock.now = new Date(clock.now.getTime() + 60_000)
  }
  const modules = async (release: string) => {
    later()
    const id = await ingesting(ledger, release, kernelName)
    await ledger.builds.recordIngest({
      ...found(id, { modules: [release] }),
      origin: await decision(ledger, id),
    })
    return id
  }
  const kernel = async (base: string, release = '1') => {
    later()
    const id = await ingesting(ledger, release)
    await ledger.builds.recordIngest(found(id, { base, modules: ['x'] }))
    await compare(ledger, id, id, fits)
    return id
  }
  const withdraw = async (id: string) => {
    later()
    await ledger.builds.withdraw(id, said)
  }
  return { ...test, modules, kernel, withdraw }
}

const statedOf = async (ledger: Ledger, id: string) => {
  const { origin } = await decision(ledger, id)
  return origin?.source === 'stated' ? origin.baseSha256 : null
}
const ownKernelOf = async (ledger: Ledger, buildId: string) => {
  const { id, reasons } = await asked(ledger, { buildId, environment }, unread)
  const inputs = (await ledger.gate.inputs(id)) as { ownKernel: { build: { ref: { id: string } } | null } }
  const codes = reasons.map(({ code }) => code).filter((code) => code.startsWith('own-kernel'))
  return [inputs.ownKernel.build?.ref.id ?? null, codes]
}

describe('what `builtFor` means', () => {
  it('is the build that had the name when it was declared, and no other that gets it later', async () => {
    await using scene = await openScene()
    const { ledger, modules, kernel, withdraw } = scene
    const wrong = await kernel('a')
    const live = await kernel('z', '0')
    await ledger.lives.enter({ environment, buildId: live, by: 'hook' })
    const early = await modules('1.kmp')
    expect([await statedOf(ledger, early), await ownKernelOf(ledger, early)]).toEqual([sha('a'), [wrong, []]])
    await withdraw(wrong)
    expect(await statedOf(ledger, early)).toBeNull()
    const right = await kernel('b')
    const nothing = [wrong, ['own-kernel-withdrawn']]
    expect([await statedOf(ledger, early), await ownKernelOf(ledger, early)]).toEqual([null, nothing])
    const { reasons } = await asked(ledger, { buildId: early, environment }, unread)
    expect(reasons.find(({ code }) => code === 'own-kernel-withdrawn')).toMatchObject({
      outcome: 'unknown',
      kernelBuild: { id: wrong },
      detail: 'By anna on 2026-01-01 00:04 UTC: the wrong file',
      remedy: expect.stringContaining('push them again under a new release'),
    })
    expect(await ledger.gate.askUntilKnown({ buildId: early, environment }, unread)).not.toBeNull()

    const late = await modules('2.kmp')
    expect([await statedOf(ledger, late), await ownKernelOf(ledger, late)]).toEqual([sha('b'), [right, []]])
    await withdraw(right)
    await kernel('c')
    for (const [id, of] of [
      [early, wrong],
      [late, right],
    ] as const)
      expect([await statedOf(ledger, id), await ownKernelOf(ledger, id)]).toEqual([
        null,
        [of, ['own-kernel-withdrawn']],
      ])
  })

  it('is the first that gets the name after it, where none had it, also when that is withdrawn', async () => {
    await using scene = await openScene()
    const { ledger, modules, kernel, withdraw } = scene
    const gone = await kernel('a')
    await withdraw(gone)
    const between = await modules('1.kmp')
    expect(await ownKernelOf(ledger, between)).toEqual([null, ['own-kernel-missing']])
    const first = await kernel('b')
    expect([await statedOf(ledger, between), await ownKernelOf(ledger, between)]).toEqual([
      sha('b'),
      [first, []],
    ])
    await withdraw(first)
    await kernel('c')
    expect([await statedOf(ledger, between), await ownKernelOf(ledger, between)]).toEqual([
      null,
      [first, ['own-kernel-withdrawn']],
    ])
  })

  it('is what was withdrawn, where nobody knows whether the claim or the withdrawal came first', async () => {
    await using scene = await openScene()
    const { ledger, kernel, withdraw } = scene
    const wrong = await kernel('a')
    await withdraw(wrong)
    const id = await ingesting(ledger, '1.kmp', kernelName)
    await kernel('b')
    expect(await statedOf(ledger, id)).toBeNull()
  })
})
