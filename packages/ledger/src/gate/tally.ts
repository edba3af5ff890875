import { type GateReason, type GateVerdict, gateLimits } from '@basedrift/contract'
import type { BuildRef } from '../rows.js'
import type { Manifest, ManifestModule, Meeting } from './inputs.js'
import { buildOf } from './missing.js'
import { gateVerdictsOf, outcomeBits } from './outcomes.js'

/** Where a pair is shown. */
export const pairHref = ({ kernelBuild, moduleBuild }: { kernelBuild: BuildRef; moduleBuild: BuildRef }) =>
  `/v1/pairs/${kernelBuild.id}/${moduleBuild.id}`

/** Where a module of a pair is explained. */
export function moduleHref(kernelBuild: BuildRef, moduleBuild: BuildRef, name: string): string {
  return `${pairHref({ kernelBuild, moduleBuild })}/modules/${encodeURIComponent(name)}`
}

type Affected = Pick<
  GateReason,
  'direction' | 'kernelBuild' | 'moduleBuild' | 'verdict' | 'count' | 'modules'
>

/** Counts modules of one pair under keys, and names the first of each. */
export class Tally<Key extends string> {
  readonly #meeting: Meeting
  readonly of = new Map<Key, Affected>()

  constructor(meeting: Meeting) {
    this.#meeting = meeting
  }

  #under(key: Key, verdict: GateVerdict): Affected {
    let affected = this.of.get(key)
    if (affected === undefined) {
      const { direction, kernelBuild, moduleBuild } = this.#meeting
      affected = {
        direction,
        kernelBuild: buildOf(kernelBuild),
        moduleBuild: buildOf(moduleBuild),
        verdict,
        count: 0,
        modules: [],
      }
      this.of.set(key, affected)
    }
    return affected
  }

  /** Names a module without counting it; true once no more are named. */
  name(key: Key, verdict: GateVerdict, { name }: ManifestModule): boolean {
    const { modules } = this.#under(key, verdict)
    if (modules.length < gateLimits.named)
      modules.push({ name, href: moduleHref(this.#meeting.kernelBuild, this.#meeting.moduleBuild, name) })
    return modules.length === gateLimits.named
  }

  /** Counts modules without naming them. */
  count(key: Key & GateVerdict, modules: number): void {
    this.#under(key, key).count += modules
  }

  add(key: Key, verdict: GateVerdict, module: ManifestModule): void {
    const affected = this.#under(key, verdict)
    affected.count++
    if (affected.modules.length < gateLimits.named) this.name(key, verdict, module)
  }
}

/** Of a module beyond the outcomes nothing is known; without any every module fits. */
export function byteOf(outcomes: Uint8Array, { ordinal }: ManifestModule): number {
  return outcomes.length === 0 ? 0 : (outcomes[ordinal] ?? outcomeBits.verdict)
}

/** What rules and policy make of a verdict of a module: whether it blocks, and whether a rule lets it pass that would. */
export type Judge = (verdict: GateVerdict, rule: number, modules: number) => boolean

/**
 * What blocks in a pair that no waiver is about: modules with the same outcome and the same rule come to the same, and are counted
 * together; then the first of each verdict are named.
 */
export function countAlike(
  found: Tally<GateVerdict>,
  { modules }: Manifest,
  outcomes: Uint8Array,
  ruleAt: (nth: number) => number,
  judge: Judge,
): void {
  if (outcomes.length === 0) return
  const kinds = new Int32Array(modules.length)
  const counts = new Map<number, number>()
  const unruled = new Uint32Array(256)
  // 400,000 modules in a large decision: no object is made for one of them.
  for (let nth = 0; nth < kinds.length; nth++) {
    const byte = byteOf(outcomes, modules[nth]!)
    if (byte === 0) continue
    const kind = byte | ((ruleAt(nth) + 1) << 8)
    kinds[nth] = kind
    if (kind < unruled.length) unruled[kind]!++
    else counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  for (const [kind, count] of unruled.entries()) if (count > 0) counts.set(kind, count)
  const blocked = new Map(
    [...counts].map(([kind, count]) => [
      kind,
      gateVerdictsOf(kind & 0xff).filter((verdict) => judge(verdict, (kind >> 8) - 1, count)),
    ]),
  )
  const open = new Set([...blocked.values()].flat())
  for (let nth = 0; nth < kinds.length && open.size > 0; nth++) {
    if (kinds[nth] === 0) continue
    for (const verdict of blocked.get(kinds[nth]!) ?? [])
      if (open.has(verdict) && found.name(verdict, verdict, modules[nth]!)) open.delete(verdict)
  }
  for (const [kind, count] of counts)
    for (const verdict of blocked.get(kind) ?? []) found.count(verdict, count)
}
