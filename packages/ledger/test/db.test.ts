import { describe, expect, it } from 'vitest'
import { Prisma } from '../src/generated/client.js'
import { isUnreachable, LedgerError } from '../src/index.js'
import { found, ingesting, openTestLedger } from './support/ledger.js'

const known = (code: string, originalCode?: string) =>
  new Prisma.PrismaClientKnownRequestError('', {
    code,
    clientVersion: '7',
    meta: { driverAdapterError: { cause: { originalCode } } },
  })

describe('a database that is away', () => {
  it('is told from one that refuses a statement', () => {
    expect(['57P01', '57P03', '53300', '08006'].map((code) => isUnreachable(known('P2039', code)))).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(isUnreachable(known('P1001'))).toBe(true)
    expect(isUnreachable(new LedgerError('database-unreachable'))).toBe(true)
    for (const other of [
      known('P2039', '42P01'),
      known('P2002'),
      new LedgerError('build-state'),
      new Error(),
      null,
    ])
      expect(isUnreachable(other)).toBe(false)
  })
})

describe('a transaction', () => {
  it('sends one statement at a time, also where it asks for several sides of a record', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const warnings: Error[] = []
    const heard = (warning: Error) => warnings.push(warning)
    process.on('warning', heard)
    const id = await ingesting(ledger, '1.1')
    await ledger.builds.recordIngest(found(id, { base: 'a', modules: ['x'] }))
    await ledger.waivers.add({
      kernelBuildId: id,
      moduleBuildId: id,
      verdicts: ['changed'],
      modules: 'all',
      reason: 'known',
      author: 'anna',
      expiresAt: new Date('2026-02-01T00:00:00Z'),
    })
    // Node tells of warnings in a later tick.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', heard)
    expect(warnings).toEqual([])
  })
})
