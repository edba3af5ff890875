import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { longestWaitSeconds, nextAttempt, retryAfter, retrySeconds } from '../src/index.js'

const now = new Date('2026-01-15T09:30:00.000Z')
const seconds = (date: Date | null) => (date === null ? null : (date.getTime() - now.getTime()) / 1000)

describe('the schedule', () => {
  it('is that of Standard Webhooks: ten attempts over a little more than three days', () => {
    let sum = 0
    const since = retrySeconds.map((delay) => {
      sum += delay
      return sum
    })
    expect(since).toEqual([0, 5, 305, 2105, 9305, 27305, 63305, 113705, 185705, 272105])
    expect(retrySeconds.map((_, attempts) => seconds(nextAttempt(attempts, now, null, 0)))).toEqual([
      ...retrySeconds,
    ])
    expect(nextAttempt(retrySeconds.length, now, null, 0)).toBeNull()
  })

  it('waits up to a fifth longer, and never before what was asked for', () => {
    fc.assert(
      fc.property(
        fc.nat(retrySeconds.length - 1),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        fc.option(fc.integer({ min: -100_000, max: 100_000 })),
        (attempts, random, asked) => {
          const notBefore = asked === null ? null : new Date(now.getTime() + asked * 1000)
          const due = nextAttempt(attempts, now, notBefore, random)
          const delay = retrySeconds[attempts] as number
          expect(seconds(due)).toBeGreaterThanOrEqual(Math.max(delay, asked ?? 0))
          expect(seconds(due)).toBeLessThanOrEqual(Math.max(delay * 1.2 + 0.001, asked ?? 0))
        },
      ),
    )
  })
})

describe('Retry-After', () => {
  it.each([
    ['30', 30],
    [' 30 ', 30],
    ['1.5', 1.5],
    ['Thu, 15 Jan 2026 09:31:00 GMT', 60],
    ['99999999', longestWaitSeconds],
    ['Fri, 15 Jan 2100 09:31:00 GMT', longestWaitSeconds],
    ['0', null],
    ['-5', null],
    ['Thu, 15 Jan 2026 09:29:00 GMT', null],
    ['soon', null],
    ['', null],
    ['1'.repeat(100), null],
    [null, null],
  ])('%j is %j seconds', (value, expected) => {
    expect(seconds(retryAfter(value, now))).toBe(expected)
  })
})
