import { checkBase, checkModule } from '@basedrift/btf'
import { judge, OriginBase } from '@basedrift/check/pure'
import { bindsTheSame } from './binding.mjs'
import { fromHex, UnreadableError } from './corpus.mjs'

/** What the columns of `results` were recorded from. */
const columns = {
  5.11: '5.11.0',
  5.15: '5.15.100',
  5.17: '5.17-rc5',
  5.19: '5.19.0',
  6.1: '6.1.192',
  6.6: '6.6.0',
  6.12: '6.12.117',
  6.13: '6.13.2',
  7.3: '7.3.4',
}

/** Which of our verdicts a recorded one stands for. */
const verdictsFor = {
  accepted: ['compatible', 'changed', 'misread', 'unknown'],
  rejected: ['rejected', 'discarded'],
  'no-btf': ['no-btf'],
  'guest-crash': ['crashes'],
}

/** Log lines as they are compared: bytes as characters, no trailing blanks, no lines that say nothing. */
function normal(lines) {
  return lines
    .map((line) =>
      line.replace(/\\x([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    )
    .map((line) => line.replace(/[ \t]+$/, ''))
    .filter((line) => line !== '' && line !== 'BPF:')
}

const withoutFinal = (lines) => lines.filter((line) => !line.startsWith('failed to validate module ['))

function compareAnswer(where, expected, { errno, log }) {
  const problems = []
  if (errno !== expected.errno) problems.push(`${where}: errno ${errno}, not ${expected.errno}`)
  const ours = JSON.stringify(normal(log))
  const theirs = JSON.stringify(normal(expected.log))
  if (ours !== theirs) problems.push(`${where}: log ${ours}, not ${theirs}`)
  return problems
}

/** Every version column of a case. */
function compareResults(results, answerFor) {
  return Object.entries(results).flatMap(([column, expected]) => {
    const version = columns[column]
    if (version === undefined) throw new UnreadableError(`results for ${column}, a version that is not known`)
    const { errno, log } = answerFor({ version, allowBtfMismatch: false })
    return compareAnswer(column, expected, { errno, log: withoutFinal(log) })
  })
}

function compareExpectation(expected, module, { base, origin, rules }) {
  const context = { runningSha256: base.sha256, origin, rules }
  const { verdict, errno, log } = judge(module, base.running, context)
  const fitting = verdictsFor[expected.verdict]
  if (fitting === undefined) throw new UnreadableError(`verdict ${expected.verdict} is not known`)
  const problems = fitting.includes(verdict) ? [] : [`verdict ${verdict}, not ${expected.verdict}`]
  if (expected.verdict !== 'guest-crash') problems.push(...compareAnswer('load', expected, { errno, log }))
  if (verdict === 'compatible' && origin !== null && !bindsTheSame(module.btf, origin.base, base.running)) {
    problems.push('called compatible, but it does not bind to what it was built with')
  }
  return problems
}

async function moduleOf(corpus, header, given) {
  if (given.btf !== undefined) {
    const distilled = given.btfBase === undefined ? null : fromHex(given.btfBase)
    return { name: given.name, btf: fromHex(given.btf), distilled }
  }
  const module = (await corpus.modules(header.modules)).get(given.name)
  if (module === undefined) throw new UnreadableError(`${header.modules} has no module ${given.name}`)
  return header.distilled === true ? module : { ...module, distilled: null }
}

/** All cases of one file: how many passed, and a line for each that did not. */
export async function checkFile(corpus, file) {
  const { header, cases } = await corpus.cases(file)
  const base = header.running === undefined ? null : await corpus.base(header.running)
  const built = header.origin === undefined ? null : await corpus.base(header.origin)
  const origin = built === null ? null : new OriginBase(built.sha256, built.running)
  const differences = []
  for (const given of cases) {
    const module = await moduleOf(corpus, header, given)
    const problems = []
    if (given.results !== undefined) {
      const answerFor = (rules) =>
        header.as === 'base' ? checkBase(module.btf, rules) : checkModule(module, base.running, rules)
      problems.push(...compareResults(given.results, answerFor))
    }
    if (given.expect !== undefined) {
      problems.push(...compareExpectation(given.expect, module, { base, origin, rules: header.rules }))
    }
    if (problems.length > 0) {
      const what = given.what === undefined ? '' : ` (${given.what})`
      differences.push(`${given.name}${what}: ${problems.join('; ')}`)
    }
  }
  return { passed: cases.length - differences.length, differences }
}

/** Every module of a kernel on the base that it was built on must be compatible. */
export async function checkOwnBase(corpus, kernel) {
  const base = await corpus.baseOf(kernel)
  const modules = await corpus.modulesOf(kernel)
  const rules = corpus.rulesOf(kernel)
  const origin = new OriginBase(base.sha256, base.running)
  const differences = []
  for (const module of modules.values()) {
    const context = { runningSha256: base.sha256, origin, rules }
    const { verdict, log } = judge(module, base.running, context)
    if (verdict !== 'compatible') differences.push(`${module.name}: ${verdict} ${JSON.stringify(log)}`)
  }
  return { passed: modules.size - differences.length, differences }
}
