import type {
  ArtifactRefusedNotice,
  BuildDiffersNotice,
  DriftNotice,
  GateNotice,
  Notice,
  NoticeBlast,
  Severity,
  UnreproducibleNotice,
  WaiverExpiringNotice,
} from '@basedrift/contract'
import { type GateReasonCode, gateReasonCodes } from '@basedrift/contract'
import { NotifyError } from '../errors.js'
import { joined, line, name, number, type Part, quoted } from './parts.js'
import { blastLine, driftWords, modversionsWords, remedyWords, unreproducibleRemedy } from './words.js'

/** An event in two lines: what happened, and what to do, with where to read more. */
export interface Entry {
  readonly severity: Severity
  readonly what: readonly Part[]
  /** Text of ours, without a full stop. */
  readonly todo: string
  readonly url: string
  readonly notice: Notice
}

/** Reasons and problems that a line tells of. */
const toldReasons = 2

type BuildRef = DriftNotice['to']

const vr = (build: BuildRef) => `${build.version}-${build.release}`
const subject = (stream: string, build: BuildRef) => name(`${stream.replaceAll('/', ' ')} ${vr(build)}`)

/**
 * Two builds by what tells them apart: their releases where the versions agree. A release that is a number alone, as Debian's are,
 * would be read as anything but a release.
 */
function apart(from: BuildRef, to: BuildRef): [Part, Part] {
  const alone = [from, to].every(({ release }) => !/^\d+$/.test(release))
  return alone && from.version === to.version && from.release !== to.release
    ? [name(from.release), name(to.release)]
    : [name(vr(from)), name(vr(to))]
}

/** Parts that are there, as sentences. */
const sentences = (lists: readonly (readonly Part[])[]) =>
  line`${joined(
    lists.filter((parts) => parts.length > 0),
    '. ',
  )}.`

function blasts(
  notice: { newOnOld: NoticeBlast | null; oldOnNew: NoticeBlast | null },
  older: Part,
  newer: Part,
) {
  return [blastLine(notice.newOnOld, newer, older), blastLine(notice.oldOnNew, older, newer)]
}

function drift(notice: DriftNotice): [Part[], string] {
  const { stream, from, to } = notice
  const [older, newer] = apart(from, to)
  const words = driftWords(notice.class, notice.counts)
  const modversions = notice.modversions === null ? '' : modversionsWords(notice.modversions)
  const what = sentences([
    line`${subject(stream, to)}: base BTF drifted from ${older} (${words})`,
    ...blasts(notice, older, newer),
    line`${modversions}`,
  ])
  return [what, remedyWords[notice.remedy]]
}

function unreproducible(notice: UnreproducibleNotice): [Part[], string] {
  const { stream, from, to, moved, hints } = notice
  const [older, newer] = apart(from, to)
  const hint =
    hints.length === 0
      ? []
      : line` (${joined(
          hints.map((code) => [name(code)]),
          ', ',
        )})`
  const what = sentences([
    line`${subject(stream, to)}: not reproducible, the definitions of ${older} came out under other ids, ${moved} types moved${hint}`,
    ...blasts(notice, older, newer),
  ])
  return [what, unreproducibleRemedy]
}

const gateTodo = {
  pass: 'It may be published',
  fail: 'Hold it, rebuild, or waive what is accepted',
  unknown: 'Hold it until the gate decides',
} as const

/** Of a build that machines run already. */
const liveTodo = {
  pass: 'Nothing must be done',
  fail: 'Publish a rebuild, or what was there before, and let it leave once no machine has it (basedrift live leave)',
  unknown: 'Wait until the gate decides',
} as const

/** A reason in words; one of a later version by its code. */
function reasonWords(code: string): Part[] {
  const known = Object.hasOwn(gateReasonCodes, code) ? gateReasonCodes[code as GateReasonCode] : undefined
  return known === undefined ? [name(code)] : line`${known.sentence.replace(/\.$/, '')}`
}

function gate(notice: GateNotice): [Part[], string] {
  const { stream, build, environment, before, outcome, live = false, reasons, reasonsTotal } = notice
  const turned = before === null ? `says ${outcome}` : `turned from ${before} to ${outcome}`
  const listed = reasons.slice(0, toldReasons).map(({ code, kernel, modules, total, counts }) => {
    const blast =
      kernel === null || modules === null ? [] : blastLine({ total, counts }, name(modules), name(kernel))
    if (blast.length > 0) return blast
    return kernel === null ? reasonWords(code) : line`${reasonWords(code)} (on ${name(kernel)})`
  })
  const more = Math.max(0, reasonsTotal - listed.length)
  const what = sentences([
    live
      ? line`${subject(stream, build)} is live in ${name(environment)}, and its gate there ${turned}`
      : line`${subject(stream, build)}: the gate of ${name(environment)} ${turned}`,
    ...listed,
    more === 0 ? [] : line`${more} more reason${more === 1 ? '' : 's'}`,
  ])
  return [what, (live ? liveTodo : gateTodo)[outcome]]
}

function buildDiffers(notice: BuildDiffersNotice): [Part[], string] {
  const { stream, build, filename, recorded, given } = notice
  const came = filename === null ? line`its declaration` : [name(filename)]
  const short = (digest: string | null) =>
    digest === null ? 'other content' : `sha256 ${digest.slice(0, 12)}…`
  const sums =
    recorded === null && given === null ? [] : line` (${short(given)}, recorded is ${short(recorded)})`
  const what = sentences([
    line`${subject(stream, build)}: ${came} came again with other content${sums}`,
    line`What is recorded stands`,
  ])
  return [
    what,
    'Find out which of the two is published; until somebody says so (basedrift build acknowledge) no gate passes it',
  ]
}

function artifactRefused(notice: ArtifactRefusedNotice): [Part[], string] {
  const { stream, build, filename, artifacts, failed, problems, problemsTotal } = notice
  const listed = problems.slice(0, toldReasons).map(({ code, file, message }) => {
    const where = file === null ? [] : line`, ${quoted(file)}`
    return line`${quoted(message.replace(/\.$/, ''))} (${name(code)}${where})`
  })
  const more = Math.max(0, problemsTotal - listed.length)
  const told =
    filename !== null
      ? line`${name(filename)} cannot be used as a whole`
      : failed === 0
        ? line`the build failed as a whole`
        : artifacts === 1
          ? line`its one artifact cannot be used as a whole`
          : line`${number(failed)} of ${number(artifacts)} artifacts cannot be used as a whole`
  const what = sentences([
    line`${subject(stream, build)}: ${told}`,
    ...listed,
    more === 0 ? [] : line`${more} more problem${more === 1 ? '' : 's'}`,
  ])
  return [what, `Build ${filename === null ? 'it' : 'the package'} again; nothing of it passes until then`]
}

function waiverExpiring(notice: WaiverExpiringNotice): [Part[], string] {
  const { stream, build, environment, author, reason, modules, expiresAt } = notice
  const of = build === null ? name(stream.replaceAll('/', ' ')) : subject(stream, build)
  const size = modules === null ? '' : ` for ${number(modules)} module${modules === 1 ? '' : 's'}`
  const where = environment === null ? [] : line` in ${name(environment)}`
  const until = `${new Date(expiresAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const what = sentences([
    line`${of}: the waiver of ${name(author)}${size}${where} ends ${until}`,
    line`Its reason: ${quoted(reason.replace(/\.$/, ''))}`,
  ])
  return [what, 'Rebuild, or waive it again']
}

function lines(notice: Notice): [Part[], string] {
  switch (notice.kind) {
    case 'drift':
      return drift(notice)
    case 'unreproducible':
      return unreproducible(notice)
    case 'gate':
      return gate(notice)
    case 'build-differs':
      return buildDiffers(notice)
    case 'artifact-refused':
      return artifactRefused(notice)
    case 'waiver-expiring':
      return waiverExpiring(notice)
    case 'test':
      return [
        line`This is a test of the channel ${name(notice.channel)}, asked for by ${name(notice.by)}.`,
        'Nothing must be done',
      ]
  }
}

/**
 * The base URL of links, without a slash at its end.
 * @throws NotifyError `base-url-invalid`
 */
export function checkBaseUrl(text: string): string {
  const url = text.length <= 512 && URL.canParse(text) ? new URL(text) : null
  const plain =
    url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!plain || !['http:', 'https:'].includes(url.protocol)) throw new NotifyError('base-url-invalid')
  return safeUrl(url.href.replace(/\/+$/, ''))
}

/** A URL without characters that any target could take for an end of it, or for markup. */
function safeUrl(url: string): string {
  return url.replace(/[^A-Za-z0-9:/?&=%._~[\],;+$@!-]/g, (character) =>
    encodeURIComponent(character).replace(
      /[!'()*]/g,
      (left) => `%${left.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
  )
}

/** An event as it is told. */
export function entryOf(notice: Notice, baseUrl: string): Entry {
  const [what, todo] = lines(notice)
  return { severity: notice.severity, what, todo, url: `${baseUrl}${safeUrl(notice.link)}`, notice }
}
