import { readFileSync } from 'node:fs'
import { gateReasonCodes, mayBecomeKnown } from '@basedrift/contract'
import { expect, test } from 'vitest'

const page = readFileSync(new URL('../docs/gate.md', import.meta.url), 'utf8')
/** First cells of the rows of the tables with reasons: codes, each with a mark where no waiting changes it. */
const cells = (/\n## Reasons\n(.*?)\n## /s.exec(page)?.[1] ?? '')
  .split('\n')
  .flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? [])

test('the page of the gate says of each reason what to do, and whether waiting helps', () => {
  const told = cells.flatMap((cell) => [...cell.matchAll(/`([a-z-]+)`( ¹)?/g)])
  for (const [code, { outcome }] of Object.entries(gateReasonCodes)) {
    const rows = told.filter(([, name]) => name === code)
    expect([code, rows.length > 0]).toEqual([code, true])
    const isLasting = outcome === 'unknown' && !mayBecomeKnown('unknown', [{ code }])
    for (const [, , mark] of rows) expect([code, mark !== undefined]).toEqual([code, isLasting])
  }
})
