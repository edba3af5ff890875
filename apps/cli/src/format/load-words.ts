import { loadStops, type ModuleResult, symbolsMissing } from '@basedrift/check/pure'
import { count, listed } from '../output/words.js'
import { verdictsWorstFirst } from './verdict-words.js'

/** Whether anything is known of what a kernel compares besides BTF. */
function isKnown({ vermagic, modversions, obstacles, doubts, btfIds }: ModuleResult['load']): boolean {
  return (
    vermagic !== 'unknown' ||
    modversions.state !== 'unknown' ||
    modversions.unresolved !== undefined ||
    obstacles !== undefined ||
    doubts !== undefined ||
    btfIds !== undefined
  )
}

/** How often each word occurs, the most frequent first: `same 4,020, differs 3`; the number alone where it is of all. */
function tally(words: readonly string[], of: number): string {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  const ordered = [...counts].sort(([, a], [, b]) => b - a)
  return ordered.map(([word, many]) => `${word} on ${count(many)} of ${count(of)}`).join(', ')
}

/** What states of type ids in the code of modules mean, but where they are as they should be. */
const idsMeanings: ReadonlyMap<NonNullable<ModuleResult['load']['btfIds']>['state'], string> = new Map([
  ['wrong', 'type ids in the code of modules stand for other types here'],
  ['fails', 'the kernel refuses type ids in their code, and the modules'],
  ['missing', 'the kernel has no BTF of them to look up type ids of code in'],
  ['unknown', 'not all type ids in their code could be read and compared'],
])

/** The lines of a summary: what the kernel compares besides BTF, over all modules; none where nothing is known of it. */
export function loadSummary(modules: readonly ModuleResult[]): string[] {
  const known = modules.filter(({ load }) => isKnown(load))
  if (known.length === 0) return []
  const total = modules.length
  const lines = [
    `vermagic: ${tally(
      modules.map(({ load }) => load.vermagic),
      total,
    )}`,
    `modversions: ${tally(
      modules.map(({ load }) =>
        symbolsMissing(load)
          ? 'symbols missing'
          : load.modversions.state === 'match'
            ? 'all imports match'
            : load.modversions.state,
      ),
      total,
    )}`,
  ]
  const matching = modules.filter(
    ({ load, verdict }) =>
      load.modversions.state === 'match' && verdict !== 'compatible' && verdict !== 'no-btf',
  )
  if (matching.length > 0) {
    const verdicts = verdictsWorstFirst.flatMap((verdict) => {
      const many = matching.filter((module) => module.verdict === verdict).length
      return many === 0 ? [] : [`${verdict} (${count(many)})`]
    })
    lines.push(
      `modversions: match, BTF: ${listed(verdicts)}`,
      '  symbol versions say nothing of BTF: what they match may not fit',
    )
  }
  const ids = modules.flatMap(({ load }) => load.btfIds?.state ?? [])
  if (ids.length > 0) lines.push(`.BTF_ids: ${tally(ids, ids.length)}`)
  for (const state of idsMeanings.keys())
    if (ids.includes(state)) lines.push(`  ${state}: ${idsMeanings.get(state)}`)
  const stopped = modules.filter(({ load }) => load.obstacles !== undefined).length
  if (stopped > 0) lines.push(`the module’s file: refused on ${count(stopped)} of ${count(total)}`)
  const doubts = modules.flatMap(({ load }) => load.doubts ?? [])
  if (doubts.length > 0) lines.push(`not decided: ${tally(doubts, total)}`)
  return lines
}

/** Which modules import what nothing known exports, though nothing else stops them, in a sentence; null where none does. */
export function missingSummary(modules: readonly ModuleResult[]): string | null {
  const lacking = modules.filter(({ load }) => symbolsMissing(load) && !loadStops(load))
  const [first] = lacking
  if (first === undefined) return null
  const { unresolved = [], unresolvedTotal } = first.load.modversions
  const who = lacking.length === 1 ? '1 module imports' : `${count(lacking.length)} modules import`
  const what = `${first.name} ${namesOf(unresolved, unresolvedTotal)}`
  return `${who} symbols that nothing known exports (symbols-missing): ${what}. Kernels refuse that unless something else brings them.`
}

const byForce = ': kernels take that by force alone (CONFIG_MODULE_FORCE_LOAD=y), and are tainted'

/** What a doubt means, behind its code. */
const doubtMeanings: Readonly<Record<NonNullable<ModuleResult['load']['doubts']>[number], string>> = {
  'versions-absent': byForce,
  'vermagic-absent': byForce,
  'versions-unusable': ': its symbol versions cannot be read, or are none of what it imports',
  'export-versions-absent': byForce,
  'exporters-unsure': ': what exports its imports tells no CRC of some, or several',
  'namespace-not-imported':
    ': nothing says whether this kernel lets that pass (CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS)',
  'overridden-exports': ': the kernel refuses modules that import from the one it replaces',
  'modversions-unknown': ': nothing says whether this kernel compares CRCs (CONFIG_MODVERSIONS)',
}

/** What is known of one module's load, in a line and what is behind it; none where nothing is. */
export function loadLines({ load, verdict }: ModuleResult): string[] {
  if (!isKnown(load)) return []
  const { vermagic, modversions, obstacles = [], doubts = [], missed = [], missedTotal, btfIds } = load
  const lines = [`vermagic: ${vermagic}, modversions: ${modversions.state}, BTF: ${verdict}`]
  const { mismatched, mismatchedTotal, unresolved = [], unresolvedTotal } = modversions
  if (mismatched.length > 0) lines.push(`other versions of ${namesOf(mismatched, mismatchedTotal)}`)
  if (unresolved.length > 0) lines.push(`nothing known exports ${namesOf(unresolved, unresolvedTotal)}`)
  for (const { code, expected, actual } of obstacles) {
    lines.push(`${code}${valuesOf(code, expected, actual)}`)
  }
  for (const doubt of doubts) lines.push(`${doubt}${doubtMeanings[doubt]}`)
  const broken = missed.map(({ module, symbol }) => (module === undefined ? symbol : `${module} ${symbol}`))
  if (broken.length > 0) lines.push(`  ${namesOf(broken, missedTotal)}`)
  if (btfIds === undefined) return lines
  const { state, errno, wrong = [], wrongTotal = wrong.length } = btfIds
  lines.push(`.BTF_ids: ${state}${errno === undefined ? '' : `, errno ${errno}`}`)
  for (const { set, id, expected, actual } of wrong)
    lines.push(`  ${set ?? expected ?? 'an id'}: ${id} is ${actual}`)
  if (wrongTotal > wrong.length) lines.push(`  and ${count(wrongTotal - wrong.length)} more`)
  return lines
}

/** What an obstacle names of kernel and module. */
function valuesOf(code: string, expected: string | undefined, actual = 'none'): string {
  if (expected !== undefined) return `: this kernel has ${expected}, the module ${actual}`
  if (code === 'exporter-refused') return `: ${actual} is of modules that this kernel refuses`
  return code === 'export-duplicate' ? `: this kernel exports ${actual} itself` : ''
}

function namesOf(names: readonly string[], total = names.length): string {
  const more = total - names.length
  return more > 0 ? `${names.join(', ')} and ${count(more)} more` : listed(names)
}
