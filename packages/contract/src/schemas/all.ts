import type { TSchema } from 'typebox'
import * as access from './access.js'
import * as attestation from './attestation.js'
import * as build from './build.js'
import * as channels from './channels.js'
import * as decision from './decision.js'
import * as drift from './drift.js'
import * as events from './events.js'
import * as gateReason from './gate-reason.js'
import * as gateUse from './gate-use.js'
import * as live from './live.js'
import * as notices from './notices.js'
import * as pair from './pair.js'
import * as policy from './policy.js'
import * as problem from './problem.js'
import * as refusal from './refusal.js'
import * as targets from './targets.js'
import * as waiver from './waiver.js'

function isNamed(value: unknown): value is TSchema & { $id: string } {
  return typeof value === 'object' && value !== null && typeof (value as { $id?: unknown }).$id === 'string'
}

/** Every named schema of the HTTP interface: what `$ref`s refer to. */
export const httpSchemas: readonly (TSchema & { $id: string })[] = [
  access,
  attestation,
  build,
  channels,
  drift,
  events,
  gateReason,
  gateUse,
  decision,
  policy,
  waiver,
  live,
  notices,
  pair,
  problem,
  refusal,
  targets,
]
  .flatMap((module): unknown[] => Object.values(module))
  .filter(isNamed)
