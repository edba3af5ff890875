import { createHash, randomBytes } from 'node:crypto'
import type { ComparisonKey, ModuleRow, OriginKey, PairInputs, RulesRow, TaskPayload } from './rows.js'

let lastMs = 0
let counter = 0

/**
 * A UUIDv7 (RFC 9562, §5.7 and §6.2 method 1): its order is that of creation, also within one millisecond of one process.
 * `now` in milliseconds since the epoch.
 */
export function uuidv7(now: number): string {
  if (now > lastMs) {
    lastMs = now
    counter = randomBytes(2).readUInt16BE() & 0x7ff
  } else if (++counter > 0xfff) {
    lastMs++
    counter = 0
  }
  const bytes = randomBytes(16)
  bytes.writeUIntBE(lastMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | counter, 6)
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** A UUIDv7 after `last`, which another process, whose clock is ahead, may have made. The ids that follow of this process stay of its time. */
export function uuidv7After(last: string | null, now: number): string {
  const id = uuidv7(now)
  if (last === null || id > last) return id
  const next = Number.parseInt(last.slice(0, 8) + last.slice(9, 13), 16) + 1
  const time = next.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}${id.slice(13)}`
}

/** The least id of a UUIDv7 from this time on: the order of ids is that of creation, and has an index. */
export function firstId(at: Date): string {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether Postgres takes it for a UUID as it is written here: ids come from URLs. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}

/** The one spelling of a UUID, whatever case it comes in and with or without hyphens; null for what is none. */
export function uuidOf(text: string): string | null {
  const digits = text.toLowerCase().replaceAll('-', '')
  if (!/^[0-9a-f]{32}$/.test(digits)) return null
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** What the comparison of a pair is a pure function of, by these rules and this engine. */
export function comparisonKeyOf(inputs: PairInputs, rules: RulesRow, engine: string): ComparisonKey {
  const { moduleSet, running, exportsSha256, btfModules } = inputs
  const { originSha256, originStamped, originRelease } = inputs
  return {
    moduleSetId: moduleSet.id,
    runningSha256: running.sha256,
    originSha256,
    originStamped,
    originRelease,
    symbolsSha256: moduleSet.symbolsSha256,
    exportsSha256,
    rules,
    btfModules,
    engine,
  }
}

/** The key under which a comparison is stored: everything its verdicts depend on. Lower-case hex. */
export function comparisonKey(key: ComparisonKey): string {
  const {
    moduleSetId,
    runningSha256,
    originSha256,
    originStamped,
    originRelease,
    symbolsSha256,
    exportsSha256,
    rules,
    btfModules,
    engine,
  } = key
  return sha256(
    JSON.stringify([
      moduleSetId,
      runningSha256,
      originSha256,
      exportsSha256,
      rules.version,
      rules.allowBtfMismatch,
      btfModules,
      engine,
      // Only where there is one: comparisons from before it counted keep their keys.
      ...(symbolsSha256 === null ? [] : [symbolsSha256]),
      ...reachOf({ originStamped, originRelease }),
    ]),
  )
}

/** Of which modules the origin is, where not of all: what is from before that counted keeps its hash. */
function reachOf({ originStamped, originRelease }: Omit<OriginKey, 'originSha256'>): unknown[] {
  return originStamped || originRelease !== null ? [{ originStamped, originRelease }] : []
}

/**
 * What verdicts follow from besides modules and engine, as one SHA-256: the base that runs, the one that the modules were built on,
 * what the kernel exports, and its rules.
 */
export function groundsOf(
  key: OriginKey & Pick<ComparisonKey, 'runningSha256' | 'exportsSha256' | 'rules' | 'btfModules'>,
): string {
  const { runningSha256, originSha256, exportsSha256, rules, btfModules, ...reach } = key
  return sha256(
    JSON.stringify([
      runningSha256,
      originSha256,
      exportsSha256,
      rules.version,
      rules.allowBtfMismatch,
      btfModules,
      ...reachOf(reach),
    ]),
  )
}

/** The id of a module set: its manifest's SHA-256, whatever order the fields of a row came in. */
export function moduleSetId(manifest: readonly ModuleRow[]): string {
  return sha256(
    JSON.stringify(
      manifest.map((m) => [
        m.name,
        m.file,
        m.sha256,
        m.vermagic,
        m.srcversion,
        m.buildId,
        m.btfSha256,
        m.distilledSha256,
        m.btfBytes,
        m.types,
        m.strings,
        m.originStrings,
        // Only where there is one: sets from before there were stamps keep their ids.
        ...(m.stamp === null ? [] : [m.stamp.sha256, m.stamp.types, m.stamp.strings]),
        ...(m.inImage ? ['image'] : []),
      ]),
    ),
  )
}

/** The id of the task that does this, once. */
export function taskId(payload: TaskPayload): string {
  switch (payload.kind) {
    case 'compare':
      return `compare:${payload.kernelBuildId}:${payload.moduleBuildId}`
    case 'drift':
      return `drift:${payload.fromBuildId}:${payload.toBuildId}`
    case 'fingerprint':
      return `fingerprint:${payload.baseSha256}`
    case 'announce':
      return `announce:${payload.subject}`
    default:
      return `${payload.kind}:${payload.buildId}`
  }
}
