import type { DriftSummary } from '@basedrift/contract'
import { expect, it } from 'vitest'
import { driftsTable } from '../src/format/drifts-table.js'
import { plain } from '../src/output/style.js'

const time = '2026-05-01T12:34:56.000Z'
const drift: DriftSummary = {
  id: '00000000-0000-4000-8000-000000000001',
  stream: 'openSUSE:Factory/x86_64/default',
  from: { id: '00000000-0000-4000-8000-000000000002', version: '5.15.12', release: '1.1' },
  to: { id: '00000000-0000-4000-8000-000000000003', version: '5.15.12', release: '1.3' },
  neighbours: true,
  state: 'done',
  class: 'functions-only',
  headline: 'Only functions differ.',
  counts: null,
  oldOnNew: {
    state: 'done',
    counts: { discarded: 3500, misread: 500, changed: 23, 'no-btf': 3, compatible: 1 },
  },
  newOnOld: { state: 'pending', counts: {} },
  error: null,
  createdAt: time,
  updatedAt: time,
}

it('drifts are told in a line each, with what they break', () => {
  const failed: DriftSummary = {
    ...drift,
    state: 'failed',
    class: null,
    newOnOld: null,
    error: { code: 'btf-names', message: 'No.', at: null },
  }
  const text = driftsTable([drift, failed], { style: plain, width: 100 })
  expect(text.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    'from to class old broken new broken id',
    `5.15.12-1.1 5.15.12-1.3 functions-only 4,023 of 4,027 pending ${drift.id}`,
    `5.15.12-1.1 5.15.12-1.3 btf-names 4,023 of 4,027 - ${drift.id}`,
    '',
  ])
  for (const release of ['1.1', '300.fc43']) {
    const from = { ...drift.from, version: '6.17.10', release }
    const narrow = driftsTable([{ ...drift, from }], { style: plain, width: 80, fit: true })
    expect(narrow).toMatch(
      /4,023 of 4,027 +pending\n\nNot shown for want of room: id[^.]*\. --format json has all\.\n$/,
    )
    expect(Math.max(...narrow.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  }
  expect(driftsTable([], { style: plain, width: 100 })).toMatch(/^There are no drifts yet/)
})
