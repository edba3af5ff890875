// judge.mjs VERDICTS RESULT.json: says which modules of a check stop the build, and exits 1 if any does, 2 if the result is none.
// VERDICTS are words between commas; `load` stands for what else keeps a module from loading.
import { readFileSync } from 'node:fs'
import { loadStops } from '@basedrift/check/pure'

/** Modules that are named of each verdict. */
const named = 5

const printable = (text) => String(text).replace(/[^ -~]/g, '?')

const [words = '', file = ''] = process.argv.slice(2)
const stops = new Set(words.split(',').filter(Boolean))
let result
try {
  result = JSON.parse(readFileSync(file, 'utf8'))
  if (!Array.isArray(result.modules)) throw new Error('no modules')
} catch (error) {
  console.log(`... BTF: ${printable(file)} is no result of a check: ${printable(error.message)}`)
  process.exit(2)
}
const groups = new Map()
for (const module of result.modules) {
  const word = stops.has(module.verdict)
    ? module.verdict
    : stops.has('load') && loadStops(module.load)
      ? 'load'
      : null
  if (word !== null) groups.set(word, [...(groups.get(word) ?? []), module])
}
for (const [word, modules] of groups) {
  const names = modules.slice(0, named).map(({ name }) => printable(name))
  const more = modules.length > named ? ` and ${modules.length - named} more` : ''
  console.log(`... BTF: ${modules.length} ${word}: ${names.join(', ')}${more}`)
  for (const line of (modules[0].log ?? []).slice(0, named)) console.log(`...      ${printable(line)}`)
}
process.exit(groups.size > 0 ? 1 : 0)
