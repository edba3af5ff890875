import type { Live } from '@basedrift/contract'
import { expect, it } from 'vitest'
import { liveTable } from '../src/format/live-table.js'
import { plain } from '../src/output/style.js'

const live: Live = {
  environment: 'production',
  stream: 'Debian:bookworm/amd64/cloud',
  build: { id: '00000000-0000-4000-8000-000000000001', version: '6.1.192', release: '2' },
  state: 'done',
  hasKernel: true,
  hasModules: true,
  kernelRelease: '6.1.0-56-cloud-amd64',
  enteredAt: '2026-05-01T12:34:56.000Z',
  enteredBy: 'first-admin',
  leftAt: null,
  leftBy: null,
}

it('who entered a build and when, or when it left, stays where there is no room for all', () => {
  const narrow = { style: plain, width: 80, fit: true }
  const [, entered, , missing] = liveTable('production', [live], narrow).split('\n')
  expect(entered).toMatch(/^Debian:bookworm\/amd64\/cloud +6\.1\.192-2 +2026-05-01 12:34 +first-admin$/)
  expect(missing).toBe('Not shown for want of room: holds, left (UTC), id. --format json has all.')
  const left = { ...live, leftAt: '2026-05-02T12:34:56.000Z', leftBy: 'anna' }
  expect(liveTable('production', [left], narrow)).toMatch(/ 2026-05-01 12:34 +2026-05-02 12:34\n/)
})
