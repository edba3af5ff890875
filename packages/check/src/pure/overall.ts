import type { Load, ModuleResult, Overall, Summary, Verdict } from './verdicts.js'
import { ownDoubts, verdicts } from './verdicts.js'

/**
 * Whether something besides the verdict makes the kernel refuse the module: vermagic, a symbol's version or an obstacle, before
 * it looks at its BTF; or ids in its code that it refuses to register, in the module's init (whose in-tree users all give
 * up then).
 */
export function loadStops(load: Load): boolean {
  return (
    load.vermagic === 'differs' ||
    load.modversions.state === 'mismatch' ||
    (load.obstacles?.length ?? 0) > 0 ||
    load.btfIds?.state === 'fails'
  )
}

/**
 * Whether a module imports what nothing known exports, where the kernel's own exports are known: the kernel refuses it (ENOENT, `Unknown
 * symbol`) unless a package that is not there brings the symbol. Weak imports are none of these (`simplify_symbols`).
 */
export function symbolsMissing({ modversions }: Load): boolean {
  return (modversions.unresolved?.length ?? 0) > 0
}

/**
 * Whether a module that nothing stops lacks itself what tells whether the kernel takes it: symbol versions that can be used, or vermagic. The
 * kernel takes it by force at best. What the evidence of the kernel leaves open is none of that.
 */
export function loadDoubtful(load: Load): boolean {
  return !loadStops(load) && (load.doubts ?? []).some((doubt) => ownDoubts.has(doubt))
}

function loadPasses(load: Load): boolean {
  const { vermagic, modversions, doubts, btfIds } = load
  return (
    vermagic === 'same' &&
    modversions.state === 'match' &&
    doubts === undefined &&
    btfIds?.state !== 'unknown'
  )
}

/** What becomes of a module that nothing but its BTF can stop. */
const unhindered: Readonly<Record<Verdict, Overall>> = {
  compatible: 'loads',
  changed: 'loads-changed',
  misread: 'loads-misread',
  rejected: 'refused',
  discarded: 'loads-without-btf',
  crashes: 'crashes',
  'no-btf': 'loads-without-btf',
  unknown: 'unknown',
  error: 'error',
}

/**
 * Combines a verdict with what else the kernel compares, as far as `Load` has it: a module that `loads` may still be refused for its
 * signature. Nothing is guessed:
 * - `error` and `crashes` stay what they are: the one says that nothing is known of the module, the other that the file is
 *   dangerous to any kernel that gets as far as its BTF, as one loading with force would.
 * - A module that vermagic or modversions stops is `refused`: load_module compares those before it comes to BTF.
 * - A module whose BTF is refused is `refused`, whatever else is known.
 * - A module whose ids in `.BTF_ids` stand for something else loads at best as one whose BTF is misread.
 * - Every value that says `loads` needs both vermagic and modversions to be known to pass; while one of them is unknown
 *   and neither stops the module, it is `unknown`.
 */
export function overallOf(verdict: Verdict, load: Load): Overall {
  if (verdict === 'error' || verdict === 'crashes') return unhindered[verdict]
  if (verdict === 'rejected' || loadStops(load)) return 'refused'
  if (!loadPasses(load)) return 'unknown'
  const loads = unhindered[verdict]
  return load.btfIds?.state === 'wrong' && (loads === 'loads' || loads === 'loads-changed')
    ? 'loads-misread'
    : loads
}

/** Counts per verdict; verdicts that do not occur are left out, the others come in the order of `verdicts`. */
export function summary(results: Iterable<Pick<ModuleResult, 'verdict'>>): Summary {
  const counts = new Map<Verdict, number>()
  let total = 0
  for (const { verdict } of results) {
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1)
    total++
  }
  const summed: { total: number } & { [verdict in Verdict]?: number } = { total }
  for (const verdict of verdicts) {
    const count = counts.get(verdict)
    if (count !== undefined) summed[verdict] = count
  }
  return summed
}

const failing: ReadonlySet<Verdict> = new Set<Verdict>([
  'rejected',
  'discarded',
  'changed',
  'misread',
  'crashes',
])

/** Whether a verdict says that a module does not fit the kernel. */
export function breaks(verdict: Verdict): boolean {
  return failing.has(verdict)
}

/**
 * Whether nothing tells what becomes of a module: its verdict is `unknown`, or `overall` is though its imports were held against what the
 * kernel exports, or what it lacks itself leaves it open. A kernel of which there is no more than BTF is asked about BTF alone.
 */
function isOpen(verdict: Verdict, load: Load): boolean {
  if (verdict === 'unknown') return true
  const compared = load.modversions.state === 'match' || symbolsMissing(load) || load.doubts !== undefined
  return compared && overallOf(verdict, load) === 'unknown'
}

/**
 * The exit code of a check: 1 if any module is rejected, discarded, changed, misread or crashes the kernel, is stopped
 * by what else the kernel compares, or carries ids that stand for something else; else 2 if any is an error; else 3 if of any nothing
 * tells what becomes of it: its verdict is unknown, it imports what nothing known exports, it has no symbol versions or no vermagic, or
 * its imports match and not all else is known that the kernel compares; else 0.
 */
export function exitCodeOf(results: Iterable<Pick<ModuleResult, 'verdict' | 'load'>>): 0 | 1 | 2 | 3 {
  let code: 0 | 2 | 3 = 0
  for (const { verdict, load } of results) {
    if (failing.has(verdict) || loadStops(load) || load.btfIds?.state === 'wrong') return 1
    if (verdict === 'error') code = 2
    else if (code === 0 && isOpen(verdict, load)) code = 3
  }
  return code
}
