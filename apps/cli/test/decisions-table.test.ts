import type { AuditEntry, DecisionSummary, GateUse } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import { auditTable } from '../src/format/audit-table.js'
import { decisionsTable, usesTable } from '../src/format/decisions-table.js'
import { plain } from '../src/output/style.js'
import { build, decision, environment } from './support/decisions.js'

const terminal = { style: plain, width: 80, fit: true }
const at = '2026-01-15T09:30:00.000Z'
const evil = '\u001b[31m'

function narrow(text: string): string {
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(text).not.toContain('\u001b')
  return text
}

describe('what was decided, and done', () => {
  it('lists answers, their ids whole', () => {
    const { reasons: _, ...head } = decision({ answer: 'unknown', stream: `${evil}${'s'.repeat(60)}` })
    const one: DecisionSummary = { ...head, asked: 1234, lastAskedAt: at }
    expect(decisionsTable([one], { style: plain, width: 80 })).toContain(' 2026-01-15 09:30  1,234  ')
    const text = narrow(decisionsTable([one], terminal))
    expect(text).toMatch(new RegExp(`\nunknown .* ${one.id}\n`))
    expect(decisionsTable([], terminal)).toMatch(/^Of what was asked for, /)
  })

  it('lists dry runs and broken glasses, with who and why', () => {
    const use: GateUse = {
      ...{ id: '019a0000-0000-7000-8000-000000000006', kind: 'break-glass', build: build.id, environment },
      ...{ decision: null, reason: `security fix ${evil}${' that cannot wait'.repeat(8)}` },
      ...{ by: 'release-ci', onBehalfOf: 'anna@build7', at, times: 1, lastAt: at },
    }
    const again: GateUse = { ...use, kind: 'dry-run', decision: use.id, reason: null, times: 3 }
    const text = narrow(usesTable([use, again], terminal))
    expect(text).toContain(
      '\n  2026-01-15 09:30 UTC by release-ci for anna@build7\n  security fix \\x1b[31m that',
    )
    expect(text).toContain('\n  2026-01-15 09:30 UTC, 3 times, the last 2026-01-15 09:30 by release-ci for\n')
    expect(text).toMatch(/\n {2}no decision\n\ndry-run {2}/)
    expect(text).toContain(`\n  decision ${use.id}\n`)
  })

  it('lists the audit log, with streams as people write them', () => {
    const entry: AuditEntry = {
      ...{ id: '019a0000-0000-7000-8000-000000000007', at, tokenId: null, by: 'release-ci' },
      ...{ operation: 'sealBuild', target: '/v1/streams/example%2Fx86_64%2Fdefault/builds/5.15.12-1.3/seal' },
      ...{ status: 409, code: 'build-empty', requestId: 'req-1' },
    }
    const entries = [entry, { ...entry, target: '/v1/%E0%A4%A', status: 202, code: null }]
    const text = narrow(auditTable(entries, terminal))
    expect(text).toMatch(/ release-ci {2}sealBuild {2}409 build-empty {2}\/v1\/streams\/example\/x/)
    expect(text).toContain(' 202              /v1/%E0%A4%A')
  })
})
