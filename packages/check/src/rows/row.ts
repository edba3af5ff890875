import {
  btfIdsStates,
  doubtCodes,
  type Load,
  type ModuleResult,
  type Overall,
  obstacleCodes,
  overalls,
  type Subject,
  type Verdict,
  type VerdictReason,
} from '../pure/index.js'

/**
 * The text of a row: the JSON of what the manifest and the column of verdicts do not tell. Of findings only the number is
 * kept: they can be found again from the blobs. For names of symbols it has their number: see `symbolNames`.
 */
export function rowText(result: ModuleResult): string {
  const { basis, errno, log, reason, load, overall, misboundTotal, changedTotal } = result
  return JSON.stringify([
    basis,
    errno,
    log,
    reason ?? null,
    withCounts(load),
    overall,
    misboundTotal ?? changedTotal ?? 0,
  ])
}

/** The names of symbols in a row, in the order in which they are read again: thousands of rows have the same ones. */
export function symbolNames({ load }: Pick<ModuleResult, 'load'>): readonly string[] {
  const { mismatched, unresolved = [] } = load.modversions
  return unresolved.length === 0 ? mismatched : [...mismatched, ...unresolved]
}

function withCounts(load: Load): unknown {
  const { modversions } = load
  const { mismatched, unresolved } = modversions
  const counted = unresolved === undefined ? {} : { unresolved: unresolved.length }
  return { ...load, modversions: { ...modversions, mismatched: mismatched.length, ...counted } }
}

/** Names of one sort that a row may have; more are of no row that was written. */
const mostNames = 1000

/** A load with the names in the place of their numbers; what has another shape stays as it is, and is refused. */
function withNames(load: unknown, nextName: () => string): unknown {
  const { modversions } = (load ?? {}) as {
    modversions?: { mismatched?: unknown; unresolved?: unknown } | null
  }
  if (modversions === undefined || modversions === null) return load
  const take = (count: unknown) =>
    typeof count === 'number' && count <= mostNames ? Array.from({ length: count }, nextName) : count
  const mismatched = take(modversions.mismatched)
  const unresolved = modversions.unresolved === undefined ? {} : { unresolved: take(modversions.unresolved) }
  return { ...(load as object), modversions: { ...modversions, mismatched, ...unresolved } }
}

/**
 * Reads the text of a row, and makes sure of its shape. `nextName` gives the names of its symbols.
 * @throws SyntaxError or TypeError where it is no row
 */
export function readRowText(
  text: string,
  { name, file, sha256 }: Subject,
  verdict: Verdict,
  nextName: () => string,
): ModuleResult {
  const row: unknown = JSON.parse(text)
  if (!Array.isArray(row) || row.length !== 7) throw new TypeError('no row of 7 fields')
  const [basis, errno, log, reason, counted, overall, findings] = row as unknown[]
  const load = withNames(counted, nextName)
  if (typeof basis !== 'string' || typeof errno !== 'number' || !areStrings(log)) {
    throw new TypeError('no basis, errno and log')
  }
  if (reason !== null && !isReason(reason)) throw new TypeError('no reason')
  if (typeof findings !== 'number') throw new TypeError('no number of findings')
  if (!isLoad(load) || !overalls.includes(overall as Overall)) throw new TypeError('no load and overall')
  return {
    name,
    file,
    sha256,
    verdict,
    basis,
    errno,
    log,
    ...(reason === null ? {} : { reason }),
    ...numberOfFindings(verdict, findings),
    load,
    overall: overall as Overall,
  }
}

function numberOfFindings(verdict: Verdict, total: number): Partial<ModuleResult> {
  if (total === 0) return {}
  return verdict === 'changed' ? { changedTotal: total, changed: [] } : { misboundTotal: total, misbound: [] }
}

function areStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isReason(value: unknown): value is VerdictReason {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { code, typeId, ...texts } = value as Record<string, unknown>
  if (typeof code !== 'string' || !['number', 'undefined'].includes(typeof typeId)) return false
  return Object.entries(texts).every(
    ([key, text]) => ['path', 'expected', 'actual'].includes(key) && typeof text === 'string',
  )
}

function isLoad(value: unknown): value is Load {
  if (typeof value !== 'object' || value === null) return false
  const { vermagic, modversions } = value as Partial<Load>
  return (
    typeof vermagic === 'string' &&
    ['same', 'differs', 'unknown'].includes(vermagic) &&
    typeof modversions === 'object' &&
    modversions !== null &&
    ['match', 'mismatch', 'unknown'].includes(modversions.state) &&
    areStrings(modversions.mismatched) &&
    hasRest(value as Partial<Load>)
  )
}

/** What is there only of some modules. */
function hasRest(load: Partial<Load>): boolean {
  const { modversions, obstacles = [], doubts = [], missed = [], missedTotal = 0, btfIds } = load
  const { mismatchedTotal = 0, unresolved = [], unresolvedTotal = 0 } = modversions!
  const known =
    typeof mismatchedTotal === 'number' &&
    typeof unresolvedTotal === 'number' &&
    areStrings(unresolved) &&
    Array.isArray(obstacles) &&
    obstacles.every(({ code }) => obstacleCodes.includes(code)) &&
    Array.isArray(doubts) &&
    doubts.every((code) => doubtCodes.includes(code)) &&
    typeof missedTotal === 'number' &&
    Array.isArray(missed) &&
    missed.every(({ module = '', symbol }) => areStrings([module, symbol]))
  if (!known || btfIds === undefined) return known
  const { state, errno = 0, wrong = [], wrongTotal = 0 } = btfIds
  return (
    btfIdsStates.includes(state) &&
    typeof errno === 'number' &&
    typeof wrongTotal === 'number' &&
    Array.isArray(wrong) &&
    wrong.every(({ id, actual }) => typeof id === 'number' && typeof actual === 'string')
  )
}
