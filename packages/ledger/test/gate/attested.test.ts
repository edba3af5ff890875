import { expect, it } from 'vitest'
import { found, ingesting, openTestLedger } from '../support/ledger.js'
import { asked, compare, environment, fits, stream, twoBuilds, unread } from './recorded.js'
import { byteOf } from './support.js'

it('of more environments than are looked at it is said that there are more', async () => {
  await using test = await openTestLedger()
  const { ledger } = test
  const { old, fresh } = await twoBuilds(ledger)
  await compare(ledger, old, fresh, fits)
  const live = () => ledger.lives.environments({ limit: 1000 })
  for (let nth = (await live()).items.length; nth < 64; nth++)
    await ledger.lives.enter({ environment: `env-${nth}`, buildId: old, by: 'hook' })
  const all = await ledger.attested.build(fresh, unread)
  expect([all.moreEnvironments, all.pairs.flatMap(({ environments }) => environments).length]).toEqual([
    false,
    64,
  ])
  await ledger.lives.enter({ environment: 'zz', buildId: old, by: 'hook' })
  const some = await ledger.attested.build(fresh, unread)
  expect([some.moreEnvironments, some.pairs.flatMap(({ environments }) => environments).length]).toEqual([
    true,
    64,
  ])
})

it('a policy takes out nothing of what is attested', async () => {
  await using test = await openTestLedger()
  const { ledger } = test
  const { old, question } = await twoBuilds(ledger)
  const newer = await ingesting(ledger, '1.2')
  await ledger.builds.recordIngest(found(newer, { base: 'a', modules: ['x', 'y'] }))
  await ledger.lives.enter({ environment, buildId: newer, by: 'hook' })
  await ledger.streams.order(stream, 'rpm')
  for (const live of [old, newer])
    await compare(ledger, live, question.buildId, Uint8Array.of(byteOf('misread'), byteOf('misread')), {
      misread: 2,
    })
  const before = await ledger.attested.build(question.buildId, unread)
  const pairsOf = ({ pairs }: typeof before) =>
    pairs.map(({ kernelBuild, counts }) => [kernelBuild.release, counts])
  expect(pairsOf(before)).toEqual([
    ['1.1', { misread: 2 }],
    ['1.2', { misread: 2 }],
    ['1.3', { compatible: 2 }],
  ])
  const settings = {
    live: 'newest',
    kernels: 'all',
    weakUpdates: false,
    discardedLoads: true,
    blocking: [],
    rules: '* PASS',
    emptyEnvironment: 'pass',
    modulesWithoutBtf: 'pass',
  } as const
  await ledger.policies.set({ stream, settings: { ...settings, blocking: [] }, by: 'anna' })
  const { answer, considered } = await asked(ledger, question, unread)
  expect([answer, considered.map(({ because }) => because)], 'the gate goes by it').toEqual([
    'pass',
    ['any-release', 'older'],
  ])
  expect(await ledger.attested.build(question.buildId, unread)).toEqual(before)
})

it('what a policy compares beside, and blocks beside, is attested', async () => {
  await using test = await openTestLedger()
  const { ledger } = test
  const { old, question } = await twoBuilds(ledger)
  const apart = await ingesting(ledger, '1.2')
  const { kernel, ...rest } = found(apart, { base: 'c', modules: ['x', 'y'] })
  if (kernel === null) throw new Error('no kernel')
  await ledger.builds.recordIngest({ ...rest, kernel: { ...kernel, release: '5.15.12-2-default' } })
  await ledger.lives.enter({ environment, buildId: apart, by: 'hook' })
  await compare(ledger, old, question.buildId, fits)
  await compare(ledger, apart, question.buildId, Uint8Array.of(byteOf('misread'), byteOf('no-btf')), {
    misread: 1,
    'no-btf': 1,
  })
  const attested = async () => {
    const { pairs, withoutBtfFails } = await ledger.attested.build(question.buildId, unread)
    return [pairs.map(({ kernelBuild }) => kernelBuild.release), withoutBtfFails]
  }
  expect(await attested()).toEqual([['1.1', '1.3'], false])
  await ledger.policies.set({ stream, settings: { kernels: 'all', blocking: ['no-btf'] }, by: 'anna' })
  expect((await asked(ledger, question, unread)).answer, 'the gate goes by it').toBe('fail')
  expect(await attested()).toEqual([['1.1', '1.2', '1.3'], true])
})
