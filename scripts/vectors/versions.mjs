#!/usr/bin/env node
// Writes packages/ledger/testdata/dpkg-versions.json: versions from the oldest to the newest, as `dpkg --compare-versions` has
// them, those that are equal to it together. Every pair is asked.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'

const versions = [
  ['0-1', '00-1', '0~-1', '0~~-1', '0~~a-1', '0~a-1', '0+-1', '0a-1', '0.-1', '0-0', '0-00', '0-~', '0-0~1'],
  [
    '1.0-1',
    '1.00-1',
    '01.0-1',
    '1.0-01',
    '1.0~rc1-1',
    '1.0~rc1~git2-1',
    '1.0~-1',
    '1.0.0-1',
    '1.0a-1',
    '1.0+a-1',
  ],
  [
    '1.0-1a',
    '1.0-1+b1',
    '1.0-1~bpo12',
    '1.0-1.1',
    '1.0-a',
    '1.0-a0',
    '1.0-a00',
    '1.0-a.0',
    '1.0-Z',
    '1.0-z',
    '1.0-z1',
  ],
  [
    '6.1.192-1',
    '6.1.192-2',
    '6.1.192-10',
    '6.1.192-2~deb12u1',
    '6.1.0-56',
    '6.12.3-1',
    '6.1.192+really5-1',
    '6.1~192-1',
  ],
  ['0:1.0-1', '1:0-1', '1:0-2', '2:0-1', '01:0-1', '10:0-1', '1:1.0-1', '0:6.1.192-2'],
  [
    '1-1-1',
    '1-1-2',
    '1-2-1',
    '1.0-rc1-1',
    '99999999999999999999-1',
    '99999999999999999998-1',
    '100000000000000000000-1',
  ],
  [
    '20261125-1',
    '20261125.1-1',
    '2026.11.25-1',
    '5.15.12-1.1',
    '5.15.12-1.3',
    '5.15.12-1.3.kmp',
    '5.15.12-1.10',
  ],
].flat()

const compare = (a, operator, b) => spawnSync('dpkg', ['--compare-versions', a, operator, b]).status === 0

const groups = []
for (const version of versions) {
  const at = groups.findIndex(([first]) => compare(version, 'le', first))
  if (at === -1) groups.push([version])
  else if (compare(version, 'eq', groups[at][0])) groups[at].push(version)
  else groups.splice(at, 0, [version])
}
for (const [n, older] of groups.entries())
  for (const newer of groups.slice(n + 1))
    if (!compare(older[0], 'lt', newer[0]))
      throw new Error(`dpkg does not order ${older[0]} and ${newer[0]} like the rest`)

const lines = groups.map((group) => `  ${JSON.stringify(group).replaceAll(',', ', ')}`)
const file = path.resolve(import.meta.dirname, '../../packages/ledger/testdata/dpkg-versions.json')
writeFileSync(file, `[\n${lines.join(',\n')}\n]\n`)
