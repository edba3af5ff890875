import type {
  DriftClass,
  DriftCounts,
  NoticeBlast,
  NoticeModversions,
  NoticeRemedy,
  Verdict,
} from '@basedrift/contract'
import { joined, line, number, type Part } from './parts.js'

/** Verdicts that a message tells of, the worst first, and what one and several modules do then. */
const told: readonly [Verdict, one: string, several: string][] = [
  ['crashes', 'crashes the kernel', 'crash the kernel'],
  ['rejected', 'is rejected', 'are rejected'],
  ['misread', 'is misread', 'are misread'],
  ['discarded', 'loses its BTF', 'lose their BTF'],
  ['changed', 'meets changed types', 'meet changed types'],
  ['unknown', 'is undecided', 'are undecided'],
  ['error', 'could not be read', 'could not be read'],
]

/** `4,021 of 4,023 modules of 1.3 are rejected on a running 1.1, 2 are misread`, or that all fit; nothing where there are none. */
export function blastLine(blast: NoticeBlast | null, modules: Part, kernel: Part): Part[] {
  if (blast === null || blast.total === 0) return []
  const found = told
    .map(([verdict, one, several]) => ({ count: blast.counts[verdict] ?? 0, one, several }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
  const [first, ...others] = found
  if (first === undefined)
    return line`All ${blast.total} module${blast.total === 1 ? '' : 's'} of ${modules} fit a running ${kernel}`
  const verb = ({ count, one, several }: typeof first) => (count === 1 ? one : several)
  const rest = others.map((other) => line`${other.count} ${verb(other)}`)
  const head = line`${first.count} of ${blast.total} module${blast.total === 1 ? '' : 's'} of ${modules} ${verb(first)} on a running ${kernel}`
  return joined([head, ...rest], ', ')
}

/** `+3 −1 ~2`: what came, went and changed. */
function signed(came: number, went: number, changed: number): string {
  const parts = [
    [came, '+'],
    [went, '−'],
    [changed, '~'],
  ] as const
  return parts
    .filter(([count]) => count > 0)
    .map(([count, sign]) => `${sign}${number(count)}`)
    .join(' ')
}

/** `functions-only: +2`: the class of a drift, and of how much it is. */
export function driftWords(of: DriftClass, counts: DriftCounts): string {
  const types = signed(counts.added, counts.removed, counts.changed)
  const functions = signed(counts.functionsAdded, counts.functionsRemoved, counts.functionsChanged)
  const parts = [
    types === '' ? '' : `types ${types}`,
    functions === '' ? '' : of === 'functions-only' && types === '' ? functions : `functions ${functions}`,
    types === '' && functions === '' && counts.moved > 0 ? `${number(counts.moved)} types moved` : '',
  ].filter((part) => part !== '')
  return parts.length === 0 ? of : `${of}: ${parts.join(', ')}`
}

/** `modversions: all match`: the headline that no other tool has is that they do, and BTF does not. */
export function modversionsWords({ match, mismatch, unknown }: NoticeModversions): string {
  if (match + mismatch + unknown === 0) return ''
  if (mismatch + unknown === 0) return 'modversions: all match'
  if (match + mismatch === 0) return 'modversions: not known'
  const parts = [
    mismatch > 0 ? `${number(mismatch)} ${mismatch === 1 ? 'differs' : 'differ'}` : 'none differs',
    unknown > 0 ? `${number(unknown)} not known` : '',
  ].filter((part) => part !== '')
  return `modversions: ${parts.join(', ')}`
}

/** What to do about a drift. */
export const remedyWords: Readonly<Record<NoticeRemedy, string>> = {
  nothing: 'Nothing must be done',
  'rebuild-or-hold': 'Rebuild or hold',
  'make-reproducible': 'Make the build reproducible, and rebuild or hold',
  wait: 'Wait until all is compared',
}

/** What to do about a build with the definitions of another under other ids: docs of pahole, `reproducible_build`. */
export const unreproducibleRemedy =
  'Make the encoding reproducible (pahole 1.27 or newer), and rebuild or hold'
