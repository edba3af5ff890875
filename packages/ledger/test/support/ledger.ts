import { createHash } from 'node:crypto'
import { createTestDatabase } from '../../../../test/support/database.js'
import {
  comparisonKeyOf,
  type DriftResult,
  type IngestResult,
  type Ledger,
  type ModuleRow,
  type OriginDecision,
  openLedger,
  type PairInputs,
} from '../../src/index.js'

export const sha = (text: string): string => createHash('sha256').update(text).digest('hex')

export const silent = { debug: () => {}, info: () => {}, warn: () => {} }

/** A ledger on a database of its own, with a clock that stands still until it is set. */
export async function openTestLedger() {
  const database = await createTestDatabase()
  const clock = { now: new Date('2026-01-01T00:00:00Z') }
  const ledger = await openLedger({ databaseUrl: database.url, log: silent, clock: () => clock.now })
  return {
    ledger,
    clock,
    query: database.query,
    url: database.url,
    async [Symbol.asyncDispose]() {
      await ledger.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

export type TestLedger = Awaited<ReturnType<typeof openTestLedger>>

const module = (name: string, of: string): ModuleRow => ({
  name,
  file: `kernel.rpm!lib/modules/${name}.ko`,
  sha256: sha(`${name} ${of}`),
  vermagic: '5.15.12-1-default SMP mod_unload modversions ',
  srcversion: null,
  buildId: null,
  btfSha256: sha(`btf ${name} ${of}`),
  distilledSha256: null,
  btfBytes: 1024,
  types: 12,
  strings: 300,
  originStrings: 5000,
  stamp: null,
  inImage: false,
})

/** What an ingest of a build finds: a kernel whose base is named by `base`, modules by `modules`, either or both. */
export function found(
  buildId: string,
  { base, modules }: { base?: string; modules?: string[] },
): IngestResult {
  return {
    buildId,
    kernel:
      base === undefined
        ? null
        : {
            file: 'kernel.rpm!boot/vmlinuz',
            release: '5.15.12-1-default',
            banner: null,
            buildId: null,
            rules: { version: '5.15.12', allowBtfMismatch: false },
            compiler: null,
            pahole: null,
            btfModules: null,
          },
    base: base === undefined ? null : { sha256: sha(base), types: 1000, strings: 5000, size: 40_000 },
    manifest: modules === undefined ? null : modules.map((name) => module(name, base ?? 'none')),
    bundle: modules === undefined ? null : { sha256: sha(`bundle ${modules.join()} ${base}`), size: 2048 },
    artifacts: [],
    ...(base === undefined || modules === undefined ? {} : { origin: ownOrigin(base) }),
  }
}

/** The decision on modules that come with their kernel. */
const ownOrigin = (base: string): OriginDecision => ({
  origin: { baseSha256: sha(base), source: 'own', release: '5.15.12-1-default' },
  problems: [],
  seen: null,
})

/** Decides as the worker does where nothing contradicts: by what the build names, else by the only base of that length. */
export async function decision(
  ledger: Ledger,
  buildId: string,
  { strings = 5000, releases = [] }: { strings?: number | null; releases?: string[] } = {},
): Promise<OriginDecision> {
  const build = await ledger.builds.get(buildId)
  if (build === null) throw new Error('no such build')
  const { stream, builtFor, createdAt: declaredAt } = build
  const query = {
    stream,
    builtFor,
    declaredAt,
    own: build.kernel?.base.sha256 ?? null,
    stamp: null,
    strings,
    releases,
  }
  const evidence = await ledger.origins.evidence(query)
  const { stated, statedRelease, candidates } = evidence
  const only = candidates.length === 1 ? candidates[0] : undefined
  const base = stated ?? only
  const source = stated === null ? ('found' as const) : ('stated' as const)
  return {
    origin: base === undefined ? null : { baseSha256: base.sha256, source, release: statedRelease },
    problems: [],
    seen: { query, evidence },
  }
}

/** Declares, seals and begins to ingest a build. */
export async function ingesting(
  ledger: Ledger,
  release: string,
  builtFor: string | null = null,
): Promise<string> {
  const { build } = await ledger.builds.declare({
    stream: 'openSUSE:Factory/x86_64/default',
    version: '5.15.12',
    release,
    provenance: { obs: { bcnt: 1 } },
    builtFor,
  })
  await ledger.builds.seal(build.id)
  await ledger.builds.startIngest(build.id)
  return build.id
}

/** A comparison of a pair by what it was given, without outcomes. */
export const comparisonOf = (inputs: PairInputs, counts: { [verdict: string]: number }, engine = '1') => ({
  ...comparisonKeyOf(inputs, inputs.rules ?? { version: '5.15.12', allowBtfMismatch: null }, engine),
  counts,
  rows: Uint8Array.of(1, 2, 3),
})

/** Records a drift of two kernel builds as it was computed; `more` says what of it matters. */
export const recordDrift = (
  ledger: Ledger,
  fromBuildId: string,
  toBuildId: string,
  more: Partial<DriftResult> = {},
) =>
  ledger.drifts.record({
    fromBuildId,
    toBuildId,
    class: 'functions-only',
    headline: 'two functions came',
    counts: {},
    engine: '1',
    report: { sha256: sha('report'), size: 1 },
    fingerprints: [],
    ...more,
  })
