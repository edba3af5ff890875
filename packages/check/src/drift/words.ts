import type { Drift, DriftClass } from '@basedrift/btf'
import type { Blast } from './blast.js'

/** What each class of drift means, as a sentence. */
export const classMeanings: Readonly<Record<DriftClass, string>> = {
  none: 'The bases are equal, byte for byte.',
  'strings-only':
    'The types are the same under the same ids; only the strings or the header are laid out otherwise.',
  reordered: 'Both bases have the same definitions, under other ids.',
  'functions-only': 'Only functions came, went or changed their prototypes; no data is laid out otherwise.',
  additive: 'Types came; none that was there went or is defined differently.',
  layout: 'Types went or are defined differently.',
}

/** The drift in one sentence. */
export function headlineOf(drift: Drift): string {
  const { added, removed, changed, functions } = drift
  const types = counts('type', added.total, removed.total, changed.total)
  const some = counts('function', functions.added.total, functions.removed.total, functions.changed.total)
  const parts = [types, some].filter((part) => part !== '')
  if (parts.length === 0) return classMeanings[drift.class]
  const moved = drift.shifts.moved
  const ids =
    moved === 0 ? 'no other type has another id' : `${number(moved)} of the types that both have moved`
  return `${parts.join('; ')}; ${ids}.`
}

/** `12 types changed, 3 came and 1 went`, or nothing where all are 0. */
function counts(what: string, came: number, went: number, changed: number): string {
  const found = [
    [changed, 'changed'],
    [came, 'came'],
    [went, 'went'],
  ] as const
  const there = found.filter(([count]) => count > 0)
  return there
    .map(([count, verb], nth) => {
      const noun = nth > 0 ? '' : ` ${what}${count === 1 ? '' : 's'}`
      const joint = nth === 0 ? '' : nth === there.length - 1 ? ' and ' : ', '
      return `${joint}${number(count)}${noun} ${verb}`
    })
    .join('')
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** What to do about each class, as the end of a sentence. */
const remedies: Readonly<Record<Exclude<DriftClass, 'none'>, string>> = {
  'strings-only': 'make the build of the strings reproducible (one version of pahole, one set of its flags)',
  reordered:
    'make the encoding reproducible (pahole 1.27 or newer with reproducible_build, which kernel builds ask for when KBUILD_BUILD_TIMESTAMP is set; before that, without -j)',
  'functions-only': 'keep compiler and flags fixed between rebuilds of one version',
  additive: 'rebuild modules from elsewhere with the kernel they are for',
  layout: 'rebuild modules from elsewhere: with the old BTF and the old layout they do not fit',
}

/** What to do, in one sentence; what is known of modules goes first. */
export function remedyOf(
  drift: Pick<Drift, 'class'>,
  blast: { ofAOnB: Blast | null; ofBOnA: Blast | null },
): string {
  if (drift.class === 'none') return 'Nothing is to be done: what fits one base fits the other.'
  const sides = [blast.ofAOnB, blast.ofBOnA].filter((side) => side !== null)
  const harmless =
    sides.length === 2 && sides.every(({ broken, undecided }) => broken.total + undecided === 0)
  if (harmless) return 'Nothing must be done for the modules that were looked at: each fits the other kernel.'
  return (
    'Publish kernel and modules of one build together, and let no module of the one meet the kernel of the other; ' +
    `${remedies[drift.class]}.`
  )
}
