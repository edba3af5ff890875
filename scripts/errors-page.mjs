// Writes docs/errors.md from the error codes that the packages export; `--check` only says whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { errorCodes } from './lib/error-codes.mjs'

const page = path.resolve(import.meta.dirname, '../docs/errors.md')
const lines = [
  '# Error codes',
  '',
  'Every error has a code, which stays, and a sentence, which may be worded better. This page is made by',
  '`node scripts/errors-page.mjs` from the codes that the packages export.',
]
for (const { title, codes } of errorCodes()) {
  lines.push('', `## ${title}`, '', '| code | meaning |', '| --- | --- |')
  for (const [code, meaning] of Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1)))
    lines.push(`| \`${code}\` | ${meaning.replaceAll('|', '\\|')} |`)
}
const text = `${lines.join('\n')}\n`

if (!process.argv.includes('--check')) writeFileSync(page, text)
else if (readFileSync(page, 'utf8') !== text) {
  console.error('docs/errors.md is out of date: run node scripts/errors-page.mjs')
  process.exitCode = 1
}
