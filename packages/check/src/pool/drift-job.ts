import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import type { DriftClass, Fingerprints } from '@basedrift/btf'
import { type DriftKernel, driftReport } from '../drift/report.js'
import { CheckError } from '../errors.js'
import { fingerprintsOf } from '../sha256.js'
import type { KeptInputs } from './kept.js'

/** One of the two kernels of a drift. */
export interface DriftJobKernel {
  /** What names the build. */
  readonly name: string
  readonly release: string | null
  readonly version: string | null
  /** What its config records of the tools that made it. */
  readonly compiler: string | null
  readonly pahole: string | null
  readonly baseSha256: string
  readonly basePath: string
}

/** Two kernels, A the older one. */
export interface DriftJob {
  readonly a: DriftJobKernel
  readonly b: DriftJobKernel
}

/** A drift in short, and its report as JSON in Brotli. */
export interface DriftJobResult {
  readonly engine: string
  readonly class: DriftClass
  readonly headline: string
  readonly counts: {
    readonly added: number
    readonly removed: number
    readonly changed: number
    readonly reaching: number
    readonly functionsAdded: number
    readonly functionsRemoved: number
    readonly functionsChanged: number
    readonly moved: number
  }
  readonly report: Uint8Array
  readonly fingerprints: { readonly a: Fingerprints; readonly b: Fingerprints }
}

const compress: (bytes: Uint8Array, options: object) => Promise<Uint8Array> = promisify(brotliCompress)
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }

/**
 * Compares the bases of two kernels; what becomes of modules is left out of the report.
 * @throws CheckError `kernel-unreadable`
 */
export async function runDrift(
  { a, b }: DriftJob,
  kept: KeptInputs,
  { signal }: { readonly signal: AbortSignal },
): Promise<DriftJobResult> {
  const [before, after] = [await kernelOf(a, kept), await kernelOf(b, kept)]
  if (signal.aborted) throw new CheckError('check-aborted')
  const report = driftReport(before, after)
  const { added, removed, changed, functions } = report
  return {
    engine: report.engine,
    class: report.class,
    headline: report.headline,
    counts: {
      added: added.total,
      removed: removed.total,
      changed: changed.total,
      reaching: report.reaching,
      functionsAdded: functions.added.total,
      functionsRemoved: functions.removed.total,
      functionsChanged: functions.changed.total,
      moved: report.shifts.moved,
    },
    report: await compress(new TextEncoder().encode(JSON.stringify(report)), quality),
    fingerprints: { a: before.fingerprints, b: after.fingerprints },
  }
}

async function kernelOf(kernel: DriftJobKernel, kept: KeptInputs): Promise<DriftKernel> {
  const { name, release, version, compiler, pahole, baseSha256, basePath } = kernel
  const { bytes, btf, problem } = await kept.base(baseSha256, basePath)
  if (btf === null) throw new CheckError('kernel-unreadable', problem?.message, name)
  const config = {
    btfModules: null,
    allowBtfMismatch: null,
    modversions: null,
    forceLoad: null,
    missingNamespaces: null,
    compiler,
    pahole,
  }
  return { file: name, release, version, config, bytes, btf, fingerprints: fingerprintsOf(btf).all(bytes) }
}
