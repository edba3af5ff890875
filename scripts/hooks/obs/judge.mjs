// judge.mjs VERDICTS RESULT.json CODE: says which modules of a check, that ended with CODE, stop the build. It exits 1 if any does, if the
// kernel was not read whole, or if CODE is not what it finds in the result, and 2 if the result is none.
// VERDICTS are words between commas; `load` stands for what else keeps a module from loading, `symbols-missing` for imports that nothing
// known exports, `load-doubtful` for modules without symbol versions or vermagic, or in the place of one of the kernel that others of it miss.
import { readFileSync } from 'node:fs'
import { exitCodeOf, loadDoubtful, loadStops, symbolsMissing } from '@basedrift/check/pure'

/** Modules that are named of each verdict, and files of the kernel that could not be read. */
const named = 5
/** What a module is that `check` fails for, by something that has no word here: no setting lets it pass. */
const unexplained = 'of unknown fault'

const printable = (text) => String(text).replace(/[^ -~]/g, '?')

/** What may stop the build of a module. Ids in its code that stand for something else are as wrong as BTF that is misread. */
const wordsOf = ({ verdict, load }) => {
  const words = [verdict]
  if (load.btfIds?.state === 'wrong') words.push('misread', 'load')
  if (loadStops(load)) words.push('load')
  else if (symbolsMissing(load)) words.push('symbols-missing')
  if (loadDoubtful(load)) words.push('load-doubtful')
  return words
}
/** Words for what `check` fails for. */
const faults = new Set(['crashes', 'rejected', 'discarded', 'misread', 'changed', 'load'])

const [words = '', file = '', code = ''] = process.argv.slice(2)
const stops = new Set(words.split(',').filter(Boolean))
const groups = new Map()
let expected
let unread = []
try {
  const result = JSON.parse(readFileSync(file, 'utf8'))
  if (!Array.isArray(result.modules)) throw new Error('no modules')
  if (Array.isArray(result.kernel?.problems)) unread = result.kernel.problems
  for (const module of result.modules) {
    const known = wordsOf(module)
    const word =
      exitCodeOf([module]) === 1 && !known.some((one) => faults.has(one))
        ? unexplained
        : known.find((one) => stops.has(one))
    if (word !== undefined) groups.set(word, [...(groups.get(word) ?? []), module])
  }
  expected = exitCodeOf(result.modules)
  if (unread.length > 0 && expected !== 1) expected = 2
} catch (error) {
  console.log(`... BTF: ${printable(file)} is no result of a check: ${printable(error.message)}`)
  process.exit(2)
}
if (unread.length > 0) {
  console.log('... BTF: the kernel was not read whole, and what is missing may decide:')
  for (const { file, code, message } of unread.slice(0, named))
    console.log(`...      ${printable(`${file}: ${code}: ${message}`)}`)
  if (unread.length > named) console.log(`...      and ${unread.length - named} more`)
}
for (const [word, modules] of groups) {
  const names = modules.slice(0, named).map(({ name }) => printable(name))
  const more = modules.length > named ? ` and ${modules.length - named} more` : ''
  console.log(`... BTF: ${modules.length} ${word}: ${names.join(', ')}${more}`)
  for (const line of (modules[0].log ?? []).slice(0, named)) console.log(`...      ${printable(line)}`)
}
if (code !== String(expected))
  console.log(`... BTF: the check ended with ${printable(code)}, and its result stands for ${expected}`)
process.exit(groups.size > 0 || unread.length > 0 || code !== String(expected) ? 1 : 0)
