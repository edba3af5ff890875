import { describe, expect, it } from 'vitest'
import { Prisma } from '../src/generated/client.js'
import { isUnreachable, LedgerError } from '../src/index.js'

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
