import {
  type GateReason,
  type GateReasonCode,
  type GateVerdict,
  gateLimits,
  gateVerdicts,
  type RuleUse,
  type WaivedReason,
} from '@basedrift/contract'
import type { Decided, DecideInputs, Manifest, ManifestModule, Meeting, WaiverTerms } from './inputs.js'
import { nameOf } from './meetings.js'
import { buildOf, failureText, missing, reasonOf } from './missing.js'
import type { ModuleRule } from './module-rules.js'
import { gateVerdictsOf, outcomeBits } from './outcomes.js'
import type { ReadyPolicy } from './policy.js'
import { byteOf, countAlike, type Judge, pairHref, Tally } from './tally.js'

/** For the modules of a manifest: the number of the first rule that fits the one at that place, -1 where none does. */
export type RulesFor = (manifest: Manifest) => (nth: number) => number

/** Looks at the rules for each module once. */
export function ruleLookup(rules: readonly ModuleRule[]): RulesFor {
  const unlooked = -2
  const known = new WeakMap<Manifest, Int16Array>()
  return (manifest) => {
    if (rules.length === 0) return () => -1
    const { modules } = manifest
    const places = known.get(manifest) ?? new Int16Array(modules.length).fill(unlooked)
    known.set(manifest, places)
    return (nth) => {
      const place = places[nth]
      if (place !== unlooked) return place ?? -1
      const module = modules[nth]
      const found = module === undefined ? -1 : rules.findIndex((rule) => rule.fits(module))
      places[nth] = found
      return found
    }
  }
}

const fitsText = (build: string) =>
  `The modules fit the base of ${build} and no other that is recorded in the stream, but nothing says that they were built on it.`

/** Symbols that a reason names, of the modules that it names. */
const symbolsNamed = 8

function missingText(meeting: Meeting, { modules }: Pick<GateReason, 'modules'>): string | null {
  const of = new Set(modules.map(({ name }) => name))
  const lacking = meeting.missing.filter(({ module }) => of.has(module))
  const symbols = [...new Set(lacking.flatMap((one) => one.symbols))]
  if (symbols.length === 0) return null
  const cut = symbols.length > symbolsNamed || lacking.some((one) => one.total > one.symbols.length)
  const more = cut ? ' and others' : ''
  return `Nothing known exports ${symbols.slice(0, symbolsNamed).join(', ')}${more}.`
}

const codeOf: Partial<Record<GateVerdict, GateReasonCode>> = {
  unknown: 'verdict-unknown',
  error: 'verdict-error',
  refused: 'load',
  'loads-misread': 'load',
  'symbols-missing': 'symbols-missing',
  'load-doubtful': 'load-doubtful',
  'load-unknown': 'load-unknown',
}

/** Verdicts that no rule lets pass: nobody may take them for one. */
const stubborn: ReadonlySet<GateVerdict> = new Set<GateVerdict>(['crashes', 'unknown', 'error'])

/** What no rule makes block that the policy lets pass. */
const quiet: ReadonlySet<GateVerdict> = new Set<GateVerdict>(['no-btf', 'load-unknown'])

/** A waiver as it is looked up for the modules of one pair; null where it is bound to something else. */
interface BoundWaiver {
  readonly terms: WaiverTerms
  readonly verdicts: ReadonlySet<GateVerdict>
  readonly modules: ReadonlySet<string> | null
  /** Whether it was made for the modules that are there, no more and no fewer. */
  readonly sameSet: boolean
}

/** What depends on what else a module is loaded with, too. */
const ofSet: ReadonlySet<GateVerdict> = new Set<GateVerdict>([
  'refused',
  'symbols-missing',
  'load-doubtful',
  'load-unknown',
])

const bond = ({ name, sha256 }: { name: string; sha256: string }) => `${sha256} ${name}`

function boundWaivers(waivers: readonly WaiverTerms[], meeting: Meeting): BoundWaiver[] {
  return waivers
    .filter(
      ({ grounds, moduleSetId, modules }) =>
        grounds === meeting.grounds && (modules !== null || moduleSetId === meeting.manifest?.setId),
    )
    .map((terms) => ({
      terms,
      verdicts: new Set(terms.verdicts),
      modules: terms.modules === null ? null : new Set(terms.modules.map(bond)),
      sameSet: terms.moduleSetId === meeting.manifest?.setId,
    }))
}

function covering(waivers: readonly BoundWaiver[], verdict: GateVerdict, module: ManifestModule) {
  return waivers.find(
    ({ verdicts, modules, sameSet }) =>
      verdicts.has(verdict) &&
      (sameSet || !ofSet.has(verdict)) &&
      (modules === null || modules.has(bond(module))),
  )
}

interface Looked {
  reasons: GateReason[]
  waived: WaivedReason[]
  tolerated: number
}

/** Looks at the modules of one pair. `used` counts what each rule decided. */
function look(
  meeting: Meeting,
  { policy, waivers }: DecideInputs,
  blocking: ReadonlySet<GateVerdict>,
  rulesFor: RulesFor,
  used: Uint32Array,
): Looked {
  const about = {
    direction: meeting.direction,
    kernelBuild: buildOf(meeting.kernelBuild),
    moduleBuild: buildOf(meeting.moduleBuild),
    href: pairHref(meeting),
  }
  if (meeting.state === 'pending')
    return {
      reasons: [reasonOf('comparison-pending', { ...about, detail: meeting.waitsFor })],
      waived: [],
      tolerated: 0,
    }
  if (meeting.state === 'failed') {
    const detail = failureText(meeting.error)
    return { reasons: [reasonOf('comparison-failed', { ...about, detail })], waived: [], tolerated: 0 }
  }
  const { manifest, outcomes } = meeting
  if (manifest === null && outcomes.length > 0)
    throw new TypeError('Outcomes without the modules that they are of')
  const found = new Tally<GateVerdict>(meeting)
  const taken = new Tally<string>(meeting)
  let tolerated = 0
  const bound = boundWaivers(waivers, meeting)
  const active = bound.filter(({ terms }) => terms.state === 'active')
  const lapsed = bound.filter(({ terms }) => terms.state !== 'active')
  const ruleAt = manifest === null ? () => -1 : rulesFor(manifest)
  const judge: Judge = (verdict, rule, modules) => {
    const blocks = blocking.has(verdict)
    if (rule < 0 || stubborn.has(verdict) || (quiet.has(verdict) && !blocks)) return blocks
    used[rule] = (used[rule] ?? 0) + modules
    const passes = policy.moduleRules[rule]?.verdict === 'PASS'
    if (passes && blocks) tolerated += modules
    return !passes
  }
  if (bound.length === 0 && manifest !== null) countAlike(found, manifest, outcomes, ruleAt, judge)
  for (const [nth, module] of (bound.length === 0 ? [] : (manifest?.modules ?? [])).entries()) {
    const byte = byteOf(outcomes, module)
    if (byte === 0) continue
    for (const verdict of gateVerdictsOf(byte)) {
      if (!judge(verdict, ruleAt(nth), 1)) continue
      const waiver = covering(active, verdict, module)
      if (waiver === undefined) {
        found.add(verdict, verdict, module)
        const former = covering(lapsed, verdict, module)
        if (former !== undefined) taken.add(`${former.terms.id} ${verdict}`, verdict, module)
      } else taken.add(`${waiver.terms.id} ${verdict}`, verdict, module)
    }
  }
  const detailOf = (verdict: GateVerdict, affected: Pick<GateReason, 'modules'>): string | null => {
    if (verdict === 'symbols-missing') return missingText(meeting, affected)
    return verdict === 'unknown' && meeting.fits !== null ? fitsText(meeting.fits) : null
  }
  const reasons = [...found.of].map(([verdict, affected]) =>
    reasonOf(codeOf[verdict] ?? 'verdict', {
      ...affected,
      href: about.href,
      detail: detailOf(verdict, affected),
    }),
  )
  const byId = new Map(bound.map(({ terms }) => [terms.id, terms]))
  const waived = [...taken.of].flatMap(([key, affected]): WaivedReason[] => {
    const terms = byId.get(key.split(' ', 1)[0] ?? '')
    if (terms === undefined) return []
    const { id, state, reason, author, expiresAt } = terms
    return [{ waiver: id, state, reason, author, expiresAt, ...affected }]
  })
  return { reasons, waived, tolerated }
}

/** From the worst on: the order in which reasons are read. */
const worst: readonly GateVerdict[] = [
  'crashes',
  'rejected',
  'refused',
  'discarded',
  'misread',
  'loads-misread',
  'changed',
  'no-btf',
  'error',
  'unknown',
  'symbols-missing',
  'load-doubtful',
  'load-unknown',
  'compatible',
]

function withLoadUnknown(outcomes: Uint8Array): number {
  let modules = 0
  for (const byte of outcomes) if (byte & outcomeBits.loadUnknown) modules++
  return modules
}

/** An order that does not depend on that of the inputs. */
function reasonKey(reason: GateReason | WaivedReason): string {
  const first = 'outcome' in reason ? (reason.outcome === 'fail' ? '0' : '1') : reason.waiver
  const rank = reason.verdict === null ? gateVerdicts.length : worst.indexOf(reason.verdict)
  const place = String.fromCharCode(0x61 + rank)
  const builds = [reason.kernelBuild, reason.moduleBuild].map((of) =>
    of === null ? '' : `${nameOf(of)} ${of.id}`,
  )
  return [first, reason.direction ?? '', place, ...builds, 'code' in reason ? reason.code : ''].join('\n')
}

function ordered<T extends GateReason | WaivedReason>(reasons: readonly T[]): T[] {
  return reasons
    .map((reason) => ({ reason, key: reasonKey(reason) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ reason }) => reason)
}

/** What blocks by a policy. `crashes`, `unknown` and `error` do by any. */
function blockingBy({ blocking, discardedLoads }: ReadyPolicy): ReadonlySet<GateVerdict> {
  const all = new Set<GateVerdict>([...blocking, ...stubborn])
  if (discardedLoads) all.delete('discarded')
  return all
}

/**
 * Whether a build may be published: a pure function of what is recorded. `fail` where anything blocks, else `unknown` where evidence
 * is missing, else `pass`. More bad evidence never makes it better; a waiver takes out what it names and nothing else; the order
 * of the inputs does not matter.
 */
export function decide(
  inputs: DecideInputs,
  rulesFor: RulesFor = ruleLookup(inputs.policy.moduleRules),
): Decided {
  const { policy } = inputs
  const blocking = blockingBy(policy)
  const used = new Uint32Array(policy.moduleRules.length)
  // Where two waivers cover the same, the one that is older is named.
  const waivers = [...inputs.waivers].sort((a, b) => (a.id < b.id ? -1 : 1))
  const looked = inputs.meetings.map((meeting) =>
    look(meeting, { ...inputs, waivers }, blocking, rulesFor, used),
  )
  const reasons = [...missing(inputs), ...looked.flatMap((one) => one.reasons)]
  if (reasons.length === 0 && inputs.meetings.length === 0) reasons.push(reasonOf('nothing-compared'))
  const outcomes = new Set(reasons.map(({ outcome }) => outcome))
  const rules = policy.moduleRules.map(
    ({ line, pattern, verdict }, nth): RuleUse => ({ line, pattern, verdict, count: used[nth] ?? 0 }),
  )
  const done = inputs.meetings.filter(({ state }) => state === 'done')
  return {
    answer: outcomes.has('fail') ? 'fail' : outcomes.has('unknown') ? 'unknown' : 'pass',
    reasons: ordered(reasons),
    waived: ordered(looked.flatMap((one) => one.waived)),
    tolerated: looked.reduce((sum, one) => sum + one.tolerated, 0),
    loadUnknown: done.reduce((sum, { outcomes }) => sum + withLoadUnknown(outcomes), 0),
    refused: inputs.build.refused,
    withoutBtf: done.reduce((sum, { counts }) => sum + (counts['no-btf'] ?? 0), 0),
    emptyArtifacts: [...inputs.build.empty].sort().slice(0, gateLimits.named),
    moreWaivers: inputs.moreWaivers,
    rules: rules.filter(({ count }) => count > 0),
    unusedRules: rules.filter(({ count }) => count === 0),
    considered: [...inputs.considered]
      .sort((a, b) => (a.build.id < b.build.id ? 1 : -1))
      .map((one) => ({ ...one, build: buildOf(one.build) })),
    compared: {
      pairs: done.length,
      modules: done.reduce(
        (sum, { counts }) => sum + Object.values(counts).reduce((all, of) => all + of, 0),
        0,
      ),
    },
  }
}
