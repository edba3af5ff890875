import { type RulesFor, ruleLookup } from './decide.js'
import type { ReadyPolicy } from './policy.js'

/** Streams whose rules are kept as they were last looked up. */
const mostStreams = 64

/** What the rules of a stream say of modules that were asked for before: a policy's version never changes. */
export class RuleMemory {
  readonly #kept = new Map<string, { version: number; rulesFor: RulesFor }>()

  lookup(streamId: string, { version, moduleRules }: ReadyPolicy): RulesFor {
    const before = this.#kept.get(streamId)
    if (before?.version === version) return before.rulesFor
    const rulesFor = ruleLookup(moduleRules)
    this.#kept.delete(streamId)
    this.#kept.set(streamId, { version, rulesFor })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostStreams && oldest !== undefined) this.#kept.delete(oldest)
    return rulesFor
  }
}
