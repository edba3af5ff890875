import { rm, writeFile } from 'node:fs/promises'
import {
  type ConfigFacts,
  type KernelFacts,
  type LinkFacts,
  type ModuleFacts,
  type SymversFacts,
  scan,
} from '@basedrift/artifacts'
import { recoverOriginLength } from '@basedrift/btf'
import { type BundleFile, BundleWriter } from '../bundle/writer.js'
import { type Claim, type ClaimProblem, claimOf, contradictions, moduleReleases } from '../claims.js'
import { CheckError } from '../errors.js'
import { within } from '../images.js'
import { type FoundKernel, type KernelSummary, onlyKernel } from '../kernels.js'
import { byFile, type ManifestEntry } from '../manifest.js'
import { providesOf } from '../provides.js'
import { NamePool } from '../pure/index.js'
import { readable } from '../pure/readable.js'
import { sha256Of } from '../sha256.js'
import { encodeModuleSymbols, encodeProvides } from '../symbols/writer.js'
import { symversOf } from '../symvers.js'
import type { KeptInputs } from './kept.js'

/** The inputs of one build, and where what is kept of them goes. */
export interface ScanJob {
  /** Files or directories; `name` stands for the path in `file`. */
  readonly inputs: readonly { readonly path: string; readonly name: string }[]
  /** Where the bundle of split BTFs is written. */
  readonly bundlePath: string
  /** Where the kernel's base BTF is written. */
  readonly basePath: string
  /** Where the symbols of the modules are written. */
  readonly symbolsPath: string
  /** Where what the kernel gives to modules is written. */
  readonly exportsPath: string
}

/** Bytes of an input that have been read, of its size where that is known. */
export interface ScanProgress {
  /** Which of the inputs. */
  readonly input: number
  readonly bytes: number
  readonly total: number | null
}

/** A base BTF that was written: types without void, length of its strings in bytes; null where it cannot be read. */
export interface BaseFile {
  readonly sha256: string
  readonly size: number
  readonly types: number | null
  readonly strings: number | null
}

/** A problem, and which of the inputs it is in. */
export type InputProblem = ClaimProblem

/** What the inputs of a build hold. */
export interface ScanResult {
  readonly kernel: KernelSummary | null
  /** Modules, sorted by file. */
  readonly manifest: ManifestEntry[]
  readonly problems: InputProblem[]
  /** The inputs in which nothing was found that anything is compared with or told by. */
  readonly empty: number[]
  /** null where there are no modules. */
  readonly bundle: BundleFile | null
  /** null where there is no kernel with BTF. */
  readonly base: BaseFile | null
  /** Symbols of the modules; null where there are none. */
  readonly symbols: BundleFile | null
  /** What the kernel gives to modules; null where there is no kernel with BTF. */
  readonly exports: BundleFile | null
}

/** Bytes read between two reports of progress. */
const progressStep = 2 ** 20

/**
 * Scans the inputs of one build: its split BTFs go into the bundle as they come, and its base BTF into a file. What it
 * began to write is removed when it fails. The bundle is kept in memory for the comparisons that follow.
 * @throws CheckError `kernel-ambiguous`
 */
export async function runScan(
  job: ScanJob,
  kept: KeptInputs,
  context: { readonly signal: AbortSignal; progress(progress: ScanProgress): void },
): Promise<ScanResult> {
  kept.drop()
  const writer = await BundleWriter.create(job.bundlePath, kept.keepBytes)
  try {
    const found = await collect(job, writer, context)
    const only = onlyKernel(found.kernels, found.configs, moduleReleases(found.claims))
    const contradicting =
      only === null
        ? []
        : [...contradictions(only.kernel, found.claims), ...contradictingSymvers(only, found)]
    const { modules } = found
    modules.sort((a, b) => byFile(a.entry, b.entry))
    const manifest = modules.map(({ entry }) => entry)
    const bundle = await writer.finish(manifest)
    const base = only?.base ?? null
    if (base !== null) await writeFile(job.basePath, base.bytes)
    const links = modules.map(({ link }) => link)
    const symbols = manifest.length === 0 ? null : await store(job.symbolsPath, encodeModuleSymbols(links))
    const exports =
      only === null || base === null ? null : await store(job.exportsPath, exportsOf(only, found))
    if (manifest.length === 0) await rm(job.bundlePath, { force: true })
    const written = writer.written()
    if (written !== null) kept.keepBundle(bundle.sha256, written)
    return {
      kernel: only?.kernel ?? null,
      manifest,
      problems: [...found.problems, ...contradicting],
      empty: found.empty,
      bundle: manifest.length === 0 ? null : bundle,
      base: base === null ? null : baseFile(base),
      symbols,
      exports,
    }
  } catch (error) {
    await writer.abandon()
    await removeFiles(job)
    throw context.signal.aborted ? new CheckError('check-aborted') : error
  }
}

/** Removes what a scan has written. */
export async function removeFiles(job: ScanJob): Promise<void> {
  const paths = [job.bundlePath, job.basePath, job.symbolsPath, job.exportsPath]
  await Promise.all(paths.map((path) => rm(path, { force: true })))
}

async function store(path: string, bytes: Uint8Array): Promise<BundleFile> {
  await writeFile(path, bytes)
  return { sha256: sha256Of(bytes), size: bytes.length }
}

/** What the kernel gives to modules: those of its release among the modules of its build are its own. */
function exportsOf(kernel: FoundKernel, { modules, symvers }: Collected): Uint8Array {
  const names = new NamePool()
  const exporters = modules.map(({ entry: { file, vermagic }, link }) => ({ file, vermagic, ...link }))
  return encodeProvides(providesOf(kernel, { exporters, symvers }, names), names)
}

function contradictingSymvers(kernel: FoundKernel, found: Collected): InputProblem[] {
  return symversOf(kernel, found).contradicting.map(({ symvers, ...problem }) => ({
    ...problem,
    input: symvers.input,
  }))
}

/** A module as it is recorded, and what else decides its load. */
interface CollectedModule {
  readonly entry: ManifestEntry
  readonly link: LinkFacts
}

interface Collected {
  readonly kernels: KernelFacts[]
  readonly configs: ConfigFacts[]
  readonly modules: CollectedModule[]
  readonly symvers: (SymversFacts & { readonly input: number })[]
  readonly problems: InputProblem[]
  readonly claims: Claim[]
  readonly empty: number[]
}

async function collect(
  { inputs }: ScanJob,
  writer: BundleWriter,
  { signal, progress }: { readonly signal: AbortSignal; progress(progress: ScanProgress): void },
): Promise<Collected> {
  const found: Collected = {
    kernels: [],
    configs: [],
    modules: [],
    symvers: [],
    problems: [],
    claims: [],
    empty: [],
  }
  for (const [input, { path, name }] of inputs.entries()) {
    let reported = 0
    const onProgress = (bytes: number, total: number | null) => {
      if (bytes - reported < progressStep && bytes !== total) return
      reported = bytes
      progress({ input, bytes, total })
    }
    const images = new Set<string>()
    const inImage = within(images)
    const onPart = (file: string) => images.add(file)
    let isEmpty = true
    for await (const facts of scan({ path }, { name, signal, onProgress, onPart })) {
      isEmpty = false
      const claim = claimOf(facts, input)
      if (claim !== null) found.claims.push(claim)
      if (facts.type === 'kernel') found.kernels.push(facts)
      else if (facts.type === 'config') found.configs.push(facts)
      else if (facts.type === 'symvers') found.symvers.push({ ...facts, input })
      else if (facts.type === 'module')
        found.modules.push({
          entry: await record(facts, inImage(facts.file), writer),
          link: linkFacts(facts),
        })
      else if (facts.type === 'problem') {
        const { type: _, ...problem } = facts
        found.problems.push({ ...problem, input })
      }
    }
    if (isEmpty) found.empty.push(input)
  }
  return found
}

function linkFacts(facts: ModuleFacts): LinkFacts {
  const { imports, extendedImports, exports, basicVersions, extendedVersions } = facts
  const { structSize, flagTable, machine, lacks, terms, btfIds } = facts
  return {
    imports,
    extendedImports,
    exports,
    basicVersions,
    extendedVersions,
    structSize,
    flagTable,
    machine,
    lacks,
    terms,
    btfIds,
  }
}

async function record(facts: ModuleFacts, inImage: boolean, writer: BundleWriter): Promise<ManifestEntry> {
  const { name, file, sha256, vermagic, srcversion, buildId, btf, distilled, stamp } = facts
  const read = btf === null ? null : readable(btf)
  return {
    name,
    file,
    sha256,
    vermagic,
    srcversion,
    buildId,
    btfSha256: btf === null ? null : await writer.add(btf),
    distilledSha256: distilled === null ? null : await writer.add(distilled),
    btfBytes: btf?.length ?? null,
    types: read?.typeCount ?? null,
    strings: read?.stringsLength ?? null,
    originStrings: read === null ? null : recoverOriginLength(read),
    stamp,
    inImage,
  }
}

function baseFile({ bytes, sha256 }: NonNullable<FoundKernel['base']>): BaseFile {
  const read = readable(bytes)
  const { length: size } = bytes
  return { sha256, size, types: read?.typeCount ?? null, strings: read?.stringsLength ?? null }
}
