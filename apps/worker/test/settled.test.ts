import { type GateNotice, type Notice, noticeExamples } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import { afterTold, quietAt } from '../src/notices/settled.js'

const example = (kind: Notice['kind']) => noticeExamples.find((notice) => notice.kind === kind) as Notice
const gate = (outcome: GateNotice['outcome'], before: GateNotice['before'] = null) =>
  ({ ...example('gate'), outcome, before }) as GateNotice

describe('what is told of a gate', () => {
  it.each([
    ['a first pass', gate('pass'), null, null],
    ['a first fail', gate('fail', 'unknown'), null, gate('fail', 'unknown')],
    ['a pass after a fail that was told', gate('pass', 'unknown'), gate('fail'), gate('pass', 'fail')],
    ['a pass after a fail that nobody heard of', gate('pass', 'fail'), gate('pass'), null],
    ['a fail that was told already', gate('fail', 'pass'), gate('fail'), null],
    ['a gate that does not know', gate('unknown', 'fail'), gate('fail'), null],
  ])('%s', (_, draft, told, expected) => {
    expect(afterTold(draft, told)).toEqual(expected)
  })

  it('is not asked of other events', () => {
    const drift = example('drift')
    expect(afterTold(drift, drift)).toBe(drift)
  })
})

it('a change is told of once it was quiet, and not later than patience allows', () => {
  const waiting = { key: 'a', touched: 2, draft: null, told: null, since: '2026-01-01T00:00:00.000Z' }
  const at = (changedAt: string) =>
    quietAt({ ...waiting, changedAt }, { quietMs: 30_000, patienceMs: 60_000 }).toISOString()
  expect(at('2026-01-01T00:00:10.000Z')).toBe('2026-01-01T00:00:40.000Z')
  expect(at('2026-01-01T00:00:50.000Z')).toBe('2026-01-01T00:01:00.000Z')
})
